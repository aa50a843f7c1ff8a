import { z } from 'zod';

/** How urgent a job is. On the wire it is the place in this list. */
const priorities = ['background', 'normal', 'urgent'] as const;

export const prioritySchema = z.enum(priorities);
export type Priority = z.infer<typeof prioritySchema>;

/** 0 background, 1 normal, 2 urgent. */
export function priorityNumber(priority: Priority): number {
  return priorities.indexOf(priority);
}

/** The word for a number; what is none of them is normal. */
export function priorityOf(number: number): Priority {
  return priorities[number] ?? 'normal';
}
