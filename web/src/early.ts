// Sets the theme before anything is painted. It must not import anything: it runs as a classic script.
{
  const kept = localStorage.getItem("theme");
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
}
