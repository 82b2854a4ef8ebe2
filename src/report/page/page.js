// What the page can do beyond being read: sort tables, change its colours, save its data. Without it nothing is missing.
"use strict";
{
  const root = document.documentElement;
  const tools = document.getElementById("tools");
  tools.hidden = false;

  // Colours: as the system says, or light, or dark. A browser that keeps nothing for files simply forgets the choice.
  const themes = ["automatic", "light", "dark"];
  const remembered = () => { try { return localStorage.getItem("consistency-sim-theme"); } catch { return null; } };
  const remember = (theme) => { try { localStorage.setItem("consistency-sim-theme", theme); } catch { /* forgotten */ } };
  const button = document.getElementById("theme");
  const paint = (theme) => {
    if (theme === "automatic") root.removeAttribute("data-theme"); else root.dataset.theme = theme;
    button.textContent = "Colours: " + theme;
  };
  let theme = root.dataset.theme || remembered();
  if (!themes.includes(theme)) theme = "automatic";
  paint(theme);
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    paint(theme);
    remember(theme);
  });

  document.getElementById("save").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([document.getElementById("data").textContent], { type: "application/json" }));
    link.download = "summary.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });

  // Sorting: numbers by their value, words by the alphabet, what is absent last in either direction.
  const valueOf = (row, column) => {
    const cell = row.cells[column];
    const number = cell.dataset.value;
    return number === undefined ? cell.textContent.trim() : number === "" ? null : Number(number);
  };
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
  for (const table of document.querySelectorAll("table.sortable")) {
    const headers = [...table.tHead.rows[0].cells];
    headers.forEach((header, column) => {
      const sorter = document.createElement("button");
      sorter.type = "button";
      sorter.append(...header.childNodes);
      header.append(sorter);
      header.setAttribute("aria-sort", "none");
      sorter.addEventListener("click", () => {
        const up = header.getAttribute("aria-sort") !== "ascending";
        headers.forEach((other) => other.setAttribute("aria-sort", "none"));
        header.setAttribute("aria-sort", up ? "ascending" : "descending");
        const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row, column), row]);
        rows.sort(([a], [b]) => (a === null || b === null ? (a === null) - (b === null) : (up ? 1 : -1) * compare(a, b)));
        table.tBodies[0].append(...rows.map(([, row]) => row));
      });
    });
  }
}
