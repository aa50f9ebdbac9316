export const availabilities = ['ONLINE', 'AWAY', 'OFFLINE'] as const;
export type Availability = (typeof availabilities)[number];

/** What an agent counts as having chosen before they choose anything. */
export const chosenAtFirst: Availability = 'ONLINE';

/** Whoever was not seen for this long is OFFLINE, whatever they chose. */
export const goneAfterSeconds = 60;
