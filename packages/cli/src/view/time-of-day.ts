/** A moment of the next hours, as the clock on the wall shows it. */

/** `12:03:10`, in the time zone of this machine. */
export function timeOfDay(at: number): string {
  const date = new Date(at);
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
