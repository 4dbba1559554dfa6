// Before the first paint, so that a page never flashes in the other colours. The choice names nobody and stays here.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // A browser that keeps nothing shows the colours that it prefers.
}
