// A range of a column's numbers: two handles over its histogram, dragging on the histogram itself,
// and the two fields, which hold the values. Linear or log, as the histogram is.

const STEPS = 1000;

function scale(range) {
  const low = Number(range.dataset.low), high = Number(range.dataset.high);
  const log = Boolean(range.dataset.log), whole = Boolean(range.dataset.whole);
  const [from, to] = log ? [Math.log(low), Math.log(high)] : [low, high];
  return {
    low, high,
    value(share) {
      const at = from + (to - from) * share;
      const value = log ? Math.exp(at) : at;
      if (whole) return Math.round(value);
      // As many digits as a handle can be moved to.
      const digits = Math.max(0, Math.min(12, Math.ceil(Math.log10(STEPS / Math.abs(log ? value : to - from)))));
      return Number(log ? value.toPrecision(3) : value.toFixed(digits));
    },
    share(value) {
      if (to === from) return 0;
      const at = log ? Math.log(Math.max(value, low)) : value;
      return Math.min(1, Math.max(0, (at - from) / (to - from)));
    },
  };
}

function parts(range) {
  const field = (name) => range.querySelector(`[name=${name}]`);
  return {
    svg: range.querySelector(".histogram"),
    handles: [range.querySelector("#handle-low"), range.querySelector("#handle-high")],
    fields: [field("low"), field("high")],
  };
}

// The handles and the shaded bars follow the fields.
function show(range) {
  const { svg, handles, fields } = parts(range);
  const axis = scale(range);
  const shares = fields.map((field, end) => {
    const value = Number(field.value);
    return field.value.trim() === "" || Number.isNaN(value) ? end : axis.share(value);
  });
  handles.forEach((handle, end) => {
    handle.value = Math.round(shares[end] * STEPS);
    handle.setAttribute("aria-valuetext", fields[end].value || String(end ? axis.high : axis.low));
  });
  const width = svg.viewBox.baseVal.width;
  for (const bar of svg.querySelectorAll("rect")) {
    const middle = (Number(bar.getAttribute("x")) + Number(bar.getAttribute("width")) / 2) / width;
    bar.classList.toggle("out", middle < shares[0] || middle > shares[1]);
  }
}

// An end that is at the end asks for nothing.
function set(range, end, share) {
  const { fields } = parts(range);
  fields[end].value = share === end ? "" : String(scale(range).value(share));
  show(range);
}

function prepare(range) {
  const { svg, handles, fields } = parts(range);
  if (!svg || range.dataset.low === range.dataset.high) return;
  range.querySelector(".handles").hidden = false;
  show(range);
  handles.forEach((handle, end) => {
    handle.addEventListener("input", () => {
      const limit = Number(handles[1 - end].value);
      const at = end ? Math.max(Number(handle.value), limit) : Math.min(Number(handle.value), limit);
      set(range, end, at / STEPS);
    });
  });
  for (const field of fields) field.addEventListener("input", () => show(range));

  let start = null;
  const at = (event) => {
    const box = svg.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  svg.addEventListener("pointerdown", (event) => {
    start = at(event);
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  svg.addEventListener("pointermove", (event) => {
    if (start === null || Math.abs(at(event) - start) < 0.01) return;
    const now = at(event);
    set(range, 0, Math.min(start, now));
    set(range, 1, Math.max(start, now));
  });
  svg.addEventListener("pointerup", (event) => {
    const moved = start !== null && Math.abs(at(event) - start) >= 0.01;
    start = null;
    if (moved) fields[0].form.requestSubmit();
  });
  svg.addEventListener("pointercancel", () => { start = null; });
}

document.addEventListener("tuneroom:panel", (event) => {
  const range = event.target.querySelector(".range");
  if (range) prepare(range);
});
