const STORED_AS = "colloquy.singleKeys";

/** Whether a single letter is a shortcut where nothing is being written; whoever speaks to a computer may want it off. */
export const areSingleKeysOn = (): boolean => localStorage.getItem(STORED_AS) !== "off";
export const setSingleKeys = (isOn: boolean): void =>
  localStorage.setItem(STORED_AS, isOn ? "on" : "off");
