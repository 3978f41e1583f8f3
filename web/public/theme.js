// Sets the chosen theme before the first paint, so that nothing flashes. A file of its own: the policy allows no inline script.
(() => {
  try {
    const theme = localStorage.getItem("posada.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be closed to us; the system's theme stands then.
  }
})();
