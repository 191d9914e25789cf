// allauth's script asks the device; what comes of it is said here, and not in the console.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const { name } = event.detail.exception ?? {};
  const problem = document.getElementById("passkey-problem");
  problem.textContent = {
    NotAllowedError: "Nothing was confirmed. Try again; if no question comes up, this device has no passkey for this portal.",
    InvalidStateError: "This device has a passkey of yours already.",
    SecurityError: "Passkeys work under the portal's usual address alone, and with https.",
  }[name] ?? "That did not work. Try again, or use another way.";
});
