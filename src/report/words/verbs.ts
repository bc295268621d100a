// What the words can do beside reading. Whoever may change environments implements `Verbs`; each verb throws Refused.

// biome-ignore lint/suspicious/noEmptyInterface: filled by the words that act
export interface Verbs {}
