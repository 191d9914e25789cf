"""The product's settings in the environment of a test run: nothing of the developer's own set-up leaks in."""

import os
import tempfile

TELNYX = [name for name in os.environ if name.startswith("TELNYX_")]
FILES = ["STORAGE_URL", "MEDIA_ENCRYPTION_KEYS", "X_ACCEL_REDIRECT", "AUDIT_ANCHOR"]
for name in [*TELNYX, *FILES, "PRIVATE_HOSTS_ALLOWED", "TRUSTED_PROXY_COUNT", "SECURE_SSL_REDIRECT"]:
    os.environ.pop(name, None)
os.environ.update(
    ENV_FILE=os.devnull,
    DEBUG="1",
    SECRET_KEY="for tests only, and long enough to please everybody",
    ALLOWED_HOSTS="localhost,127.0.0.1,testserver",
    # Nobody answers there, also where the product runs on this machine.
    PUBLIC_URL="http://localhost:9",
    DATABASE_URL=os.environ.get("TEST_DATABASE_URL", "sqlite://:memory:"),
    QUEUE_URL="memory://",
    CACHE_URL="locmemcache://",
    EMAIL_URL="memorymail://",
)

from faxportal.settings import *  # noqa: E402, F403

# In the thread of the request, whose transaction is the test's.
REFUSALS_WRITTEN_AFTER = 0
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if "sqlite3" in DATABASES["default"]["ENGINE"]:  # noqa: F405
    # A file, as in production: a database in memory cannot be shared by threads and processes. In memory all the same
    # where the system has such a place.
    shared_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()
    file = f"{shared_memory}/faxportal-tests-{os.getpid()}.sqlite3"
    # Both names: a live server that starts before the tests' database would else take it for one in memory, and all
    # its threads would use one connection.
    DATABASES["default"] |= {"NAME": file, "TEST": {"NAME": file}}  # noqa: F405
