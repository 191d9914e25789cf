"""`gunicorn faxportal.wsgi` in this folder reads this: https://docs.gunicorn.org/en/stable/settings.html

The number of processes is WEB_CONCURRENCY; each serves four requests at a time.
"""

import os

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 4
# Time for a 50 MB file over a slow line. Telnyx's webhooks are answered in milliseconds.
timeout = 120
# The portal writes its own line per request, without secrets in paths.
accesslog = None
control_socket_disable = True
