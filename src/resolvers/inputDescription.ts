/** Every mutation has one argument; what stands in it is described there. */
export const inputDescription = { description: 'What to do, to what.' };
