// What a person has entered on a page and not yet sent.

function isSelectionChanged({ options, multiple, selectedIndex }) {
  // Without a default the browser selects the first.
  if (!multiple && ![...options].some((option) => option.defaultSelected)) return selectedIndex > 0;
  return [...options].some((option) => option.selected !== option.defaultSelected);
}

export function isChanged(field) {
  if (!field.matches("input, select, textarea")) return false;
  if (field.matches("select")) return isSelectionChanged(field);
  if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
  return field.value !== field.defaultValue;
}

// Forms that only filter navigate at once: there is nothing to lose. A refused form came back with
// what was entered as its defaults.
export function hasEntries() {
  return [...document.querySelectorAll("form[method=post]")]
    .some((form) => form.querySelector(".errorlist") || [...form.elements].some(isChanged));
}
