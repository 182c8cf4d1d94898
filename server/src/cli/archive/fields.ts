import { AppError } from "../../domain/errors.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { TurnRecord } from "../../domain/message.ts";
import { checkParts } from "../../domain/part-checks.ts";
import type { Part } from "../../domain/parts.ts";
import { checkName } from "../../domain/text.ts";

/** The record is no valid record of an archive. The message tells a person what is wrong with it. */
export class NotUnderstood extends Error {}

const TIME = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const SHA256 = /^[\da-f]{64}$/;
const MEDIA_TYPE = /^[\w.+-]{1,127}\/[\w.+-]{1,127}$/;
const BASE64 = /^[A-Za-z\d+/]*={0,2}$/;

/** Reads an object field by field. Every method throws NotUnderstood, naming the field. */
export class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #path: string;

  /** @param path where the object stands, for messages; empty for the record itself. @throws NotUnderstood */
  constructor(value: unknown, path = "") {
    if (!isObject(value)) throw new NotUnderstood(`${path || "the record"} must be an object`);
    this.#object = value;
    this.#path = path;
  }

  text(field: string): string {
    return this.#checked(field, isText, "text");
  }

  textOrNull(field: string): string | null {
    return this.isNull(field) ? null : this.text(field);
  }

  /** An id or a name that the wires would accept. */
  name(field: string): string {
    const given = this.text(field);
    try {
      checkName(given, this.#nameOf(field));
    } catch (error) {
      throw error instanceof AppError ? new NotUnderstood(error.message) : error;
    }
    return given;
  }

  uuid(field: string): string {
    return this.#matching(field, UUID, "a UUID");
  }

  sha256(field: string): string {
    return this.#matching(field, SHA256, "a SHA-256 in lower-case hex");
  }

  mediaType(field: string): string {
    return this.#matching(field, MEDIA_TYPE, "a media type such as image/png");
  }

  base64(field: string): Buffer {
    return Buffer.from(this.#matching(field, BASE64, "base64"), "base64");
  }

  time(field: string): Date {
    const time = new Date(this.#matching(field, TIME, "a time such as 2026-01-31T12:00:00.000Z"));
    if (Number.isNaN(time.getTime()))
      throw new NotUnderstood(`${this.#nameOf(field)} is no time that exists`);
    return time;
  }

  timeOrNull(field: string): Date | null {
    return this.isNull(field) ? null : this.time(field);
  }

  texts(field: string): readonly string[] {
    const areTexts = (given: unknown): given is string[] =>
      Array.isArray(given) && given.every(isText);
    return this.#checked(field, areTexts, "a list of texts");
  }

  /** @param options.resultsAlone whether results may stand without the calls that they answer */
  parts(field: string, options: { readonly resultsAlone: boolean }): Part[] {
    try {
      return checkParts(this.#at(field), this.#nameOf(field), options);
    } catch (error) {
      throw error instanceof AppError ? new NotUnderstood(error.message) : error;
    }
  }

  turnRecord(field: string): TurnRecord {
    const turn = new Fields(parsed(this.text(field)), this.#nameOf(field));
    const list = turn.has("list") ? turn.text("list") : "";
    const counted = {
      ...(list && { list }),
      inputs: turn.whole("inputs"),
      ...(turn.has("isUntrusted") && turn.flag("isUntrusted") && { isUntrusted: true as const }),
    };
    if (!turn.has("record")) return counted;
    const record = turn.#at("record");
    // What was read from JSON is JSON.
    if (!isJsonObject(record))
      throw new NotUnderstood(`${turn.#nameOf("record")} must be an object`);
    return { ...counted, record };
  }

  /** An object that is written as a text itself. */
  jsonText(field: string): { readonly json: JsonObject; readonly fields: Fields } {
    const json = parsed(this.text(field));
    if (!isJsonObject(json))
      throw new NotUnderstood(`${this.#nameOf(field)} must be an object, as JSON`);
    return { json, fields: new Fields(json, this.#nameOf(field)) };
  }

  /** An object of texts, which is written as a text itself. */
  textTable(field: string): Readonly<Record<string, string>> {
    const table = parsed(this.text(field));
    if (!isTextTable(table))
      throw new NotUnderstood(`${this.#nameOf(field)} must be an object of texts, as JSON`);
    return table;
  }

  flag(field: string): boolean {
    return this.#checked(field, isFlag, "true or false");
  }

  whole(field: string): number {
    return this.#checked(field, isWhole, "a whole number, 0 or more");
  }

  amount(field: string, most = Number.MAX_SAFE_INTEGER): number {
    const isAmount = (given: unknown): given is number =>
      typeof given === "number" && given >= 0 && given <= most;
    return this.#checked(field, isAmount, `a number from 0 to ${most}`);
  }

  oneOf<const T extends string>(field: string, choices: readonly T[]): T {
    const isChoice = (given: unknown): given is T => choices.some((choice) => choice === given);
    return this.#checked(field, isChoice, `one of ${choices.join(", ")}`);
  }

  object(field: string): Fields {
    if (!this.has(field)) throw new NotUnderstood(`${this.#nameOf(field)} is missing`);
    return new Fields(this.#at(field), this.#nameOf(field));
  }

  objects(field: string): Fields[] {
    const given = this.#checked(field, Array.isArray, "a list of objects");
    return given.map((one, place) => new Fields(one, `${this.#nameOf(field)}[${place}]`));
  }

  has(field: string): boolean {
    return this.#at(field) !== undefined;
  }

  isNull(field: string): boolean {
    return this.#at(field) === null;
  }

  #at(field: string): unknown {
    return Object.hasOwn(this.#object, field) ? this.#object[field] : undefined;
  }

  #nameOf(field: string): string {
    return this.#path ? `${this.#path}.${field}` : field;
  }

  #matching(field: string, pattern: RegExp, wanted: string): string {
    const isMatching = (given: unknown): given is string => isText(given) && pattern.test(given);
    return this.#checked(field, isMatching, wanted);
  }

  #checked<T>(field: string, is: (given: unknown) => given is T, wanted: string): T {
    const given = this.#at(field);
    if (is(given)) return given;
    throw new NotUnderstood(
      `${this.#nameOf(field)} ${given === undefined ? "is missing" : `must be ${wanted}`}`,
    );
  }
}

const isJsonObject = (value: unknown): value is JsonObject => isObject(value);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const isTextTable = (value: unknown): value is Readonly<Record<string, string>> =>
  isObject(value) && Object.values(value).every(isText);

const isText = (given: unknown): given is string => typeof given === "string";

const isFlag = (given: unknown): given is boolean => typeof given === "boolean";

const isWhole = (given: unknown): given is number =>
  Number.isSafeInteger(given) && Number(given) >= 0;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
