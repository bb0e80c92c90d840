export { parseDue, parseQuickAdd, parseRepeat, splitLines } from '@taskmaster/domain/quick-add/parse';
export { labelOf } from '@taskmaster/domain/recurrence/label';
export { preview } from '@taskmaster/domain/recurrence/preview';
export { normaliseRecurrence } from '@taskmaster/domain/recurrence/rule';
