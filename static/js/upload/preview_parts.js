// The pieces of previews: elements, facts and small tables.

const LONGEST_CELL = 60;

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

function cut(text) {
  return text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL)}…` : text;
}

export const counted = (number, noun, many = `${noun}s`) => `${number.toLocaleString("en")} ${number === 1 ? noun : many}`;

export function table(name, head, rows) {
  const heading = (text) => element("th", { scope: "col", textContent: cut(text) });
  const cells = (row) => row.map((text) => element("td", { textContent: cut(String(text ?? "")) }));
  const inner = element("table", { className: "data small" },
    element("thead", {}, element("tr", {}, ...head.map(heading))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells(row)))));
  const scroll = element("div", { className: "table-scroll", tabIndex: 0, ariaLabel: `First rows of ${name}` }, inner);
  scroll.setAttribute("role", "region");
  return scroll;
}

export const fact = (text) => element("p", { className: "small", textContent: text });
