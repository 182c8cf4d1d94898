/* What the bench says: made up for it, as people talk to a machine in a kitchen, a car or a shop. */

export const EVERYDAY: readonly string[] = [
  "What time is it now?",
  "Please turn on the light in the kitchen.",
  "How is the weather going to be tomorrow?",
  "Set a timer for the eggs.",
  "I would like a cup of tea.",
  "Where is the nearest train station?",
  "Tell me a story about the sea.",
  "Can you read my new messages?",
  "Play some quiet music.",
  "What should I cook for dinner tonight?",
  "Call my brother after work.",
  "The door is open again.",
  "Do I need a coat today?",
  "Remind me to water the plants.",
  "How do I get to the old town?",
  "It was a very long day.",
  "Which of these books is the best?",
  "My phone is lost again.",
  "Good morning to all of you.",
  "Thank you very much.",
];

/** Sentences with a pause at each bar: after hesitation, between clauses, in lists, before an afterthought. */
export const PAUSED: readonly (readonly string[])[] = [
  "I would like to book a table | for two people tomorrow evening.",
  "Could you tell me | when the next train to the city leaves?",
  "When I get home from work, | please turn on the heating.",
  "I need some milk, | some bread, | and a bag of apples.",
  "My number is five five two, | seven one nine.",
  "I think we should | go to the beach on Sunday.",
  "If it rains tomorrow, | we will stay at home.",
  "Please send a message to | my sister in London.",
  "I was wondering if | you could help me with my taxes.",
  "The meeting was good, | but it took far too long.",
  "Well, um, | I do not really know what to say.",
  "I want to go to the | big shop near the river.",
  "Because the road was closed, | we came an hour late.",
  "Can you play the song | that we heard last night?",
  "Remind me to call the doctor | on Monday morning.",
  "She said that she would come, | although she was tired.",
  "I have a cat, | two dogs, | and a very old horse.",
  "Turn the volume down and | close the window.",
  "What I really need is | a new pair of shoes.",
  "He went to the market | because there was nothing left to eat.",
].map((sentence) => sentence.split("|").map((clause) => clause.trim()));

/** The pauses inside the sentence of that turn: 200 to 800 ms, others in each round. */
export const pauseOf = (turn: number): number =>
  200 + ((turn * 211 + Math.floor(turn / PAUSED.length) * 97) % 601);

/** Something to be interrupted in. */
export const LONG_STORY = Array.from(
  { length: 12 },
  (_, at) => `This is sentence number ${at + 1} of a story that nobody wants to hear to its end.`,
).join(" ");

export const INTERRUPTIONS: readonly string[] = [
  "Stop it now please.",
  "Wait, I have another question.",
  "No, that is not what I meant.",
  "Hold on for a moment.",
  "Please tell me something else.",
];
