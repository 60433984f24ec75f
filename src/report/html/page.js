"use strict";
// Sorts and filters the table of secrets. Rows are moved and hidden, never made: no text becomes HTML here.
(() => {
  const table = document.getElementById("secrets");
  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const byName = document.getElementById("by-name");
  const byVerdict = document.getElementById("by-verdict");
  const byKind = document.getElementById("by-kind");
  const byWorkspace = document.getElementById("by-workspace");
  if (!table || table.tBodies.length === 0) return;

  const secrets = Array.from(table.tBodies, (body, position) => {
    const row = body.rows[0];
    return {
      body,
      position,
      row,
      text: row.cells[0].textContent.toLowerCase(),
      verdict: body.className,
      workspace: body.dataset.w,
      kinds: body.dataset.k.split(" "),
      hidden: false,
    };
  });
  const number = new Intl.NumberFormat("en");

  const filter = () => {
    const name = byName.value.trim().toLowerCase();
    let count = 0;
    for (const secret of secrets) {
      const hidden =
        !secret.text.includes(name) ||
        (byVerdict.value !== "" && secret.verdict !== byVerdict.value) ||
        (byKind.value !== "" && !secret.kinds.includes(byKind.value)) ||
        (byWorkspace !== null && byWorkspace.value !== "" && secret.workspace !== byWorkspace.value);
      if (!hidden) count += 1;
      if (hidden !== secret.hidden) secret.body.hidden = secret.hidden = hidden;
    }
    shown.textContent = `${number.format(count)} of ${number.format(secrets.length)} shown`;
  };

  // What a column is sorted by: a number where it has one, and else its text.
  const key = (secret, column) => {
    const cell = secret.row.cells[column];
    return cell.dataset.s ?? (cell.querySelector("bdi") ?? cell).textContent;
  };
  const words = new Intl.Collator("en", { numeric: true });

  const sort = (header, column) => {
    const isNumber = header.classList.contains("n");
    // Numbers begin with the largest.
    const first = isNumber ? "descending" : "ascending";
    const second = isNumber ? "ascending" : "descending";
    const direction = header.getAttribute("aria-sort") === first ? second : first;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction);
    for (const secret of secrets) secret.key = key(secret, column);
    const sign = direction === "ascending" ? 1 : -1;
    const compare = isNumber ? (a, b) => a.key - b.key : (a, b) => words.compare(a.key, b.key);
    secrets.sort((a, b) => sign * compare(a, b) || a.position - b.position);
    table.append(...secrets.map((secret) => secret.body));
  };

  for (const [column, header] of Array.from(table.tHead.rows[0].cells).entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => sort(header, column));
  }
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  // The fields are empty only once the event is over.
  form.addEventListener("reset", () => setTimeout(filter));
  form.hidden = false;
  filter();
})();
