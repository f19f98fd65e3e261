// The moving average with which TensorBoard smooths: later values count more, and the first ones are
// not drawn towards zero. Gaps stay gaps.
export function smooth(values, weight) {
  if (!weight) return values;
  let sum = 0;
  let seen = 0;
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return value;
    sum = sum * weight + (1 - weight) * value;
    seen += 1;
    return sum / (1 - weight ** seen);
  });
}
