const IS_APPLE = /Mac|iPhone|iPad/.test(navigator.platform);
const CONTROL = IS_APPLE ? "⌘" : "Ctrl";

/** Every shortcut, as the list shows it; `useShortcuts` and the components named there carry them out. */
export const SHORTCUTS = [
  { action: "shortcuts.send", keys: ["Enter"] },
  { action: "shortcuts.newLine", keys: ["Shift", "Enter"] },
  { action: "shortcuts.editLast", keys: ["↑"] },
  { action: "shortcuts.stop", keys: ["Esc"] },
  { action: "shortcuts.palette", keys: [CONTROL, "K"] },
  { action: "shortcuts.newConversation", keys: [CONTROL, "Shift", "O"] },
  { action: "shortcuts.sidebar", keys: [CONTROL, "Shift", "S"] },
  { action: "shortcuts.inList", keys: ["↑", "↓"] },
  { action: "shortcuts.select", keys: ["Space"] },
  { action: "shortcuts.selectAll", keys: [CONTROL, "A"] },
  { action: "shortcuts.rename", keys: ["F2"] },
  { action: "shortcuts.delete", keys: ["Delete"] },
  { action: "shortcuts.searchKey", keys: ["/"] },
  { action: "shortcuts.newKey", keys: ["N"] },
  { action: "shortcuts.copyKey", keys: ["C"] },
  { action: "shortcuts.retryKey", keys: ["R"] },
  { action: "shortcuts.writeKey", keys: ["W"] },
  { action: "shortcuts.voiceKey", keys: ["V"] },
  { action: "shortcuts.muteKey", keys: ["M"] },
  { action: "shortcuts.listKey", keys: ["?"] },
] as const;
