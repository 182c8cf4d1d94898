import { describe } from "node:test";
import { agentContract } from "./store-contract/agents.ts";
import { archiveContract } from "./store-contract/archive.ts";
import { auditContract } from "./store-contract/audit.ts";
import { budgetContract } from "./store-contract/budgets.ts";
import { conversationContract } from "./store-contract/conversations.ts";
import { fileContract } from "./store-contract/files.ts";
import type { OpenStore } from "./store-contract/fixtures.ts";
import { iterationContract } from "./store-contract/iteration.ts";
import { keyContract } from "./store-contract/keys.ts";
import { lifeContract } from "./store-contract/life.ts";
import { memoryContract } from "./store-contract/memories.ts";
import { messageContract } from "./store-contract/messages.ts";
import { partsContract } from "./store-contract/parts.ts";
import { profileContract } from "./store-contract/profiles.ts";
import { projectContract } from "./store-contract/projects.ts";
import { promptContract } from "./store-contract/prompts.ts";
import { replacementContract } from "./store-contract/replacement.ts";
import { searchContract } from "./store-contract/search.ts";
import { stepContract } from "./store-contract/steps.ts";
import { turnRecordContract } from "./store-contract/turn-records.ts";
import { turnTargetContract } from "./store-contract/turn-targets.ts";
import { turnContract } from "./store-contract/turns.ts";

/** The promises of ports/store.ts and ports/archive.ts. `open` gives an empty store. */
export function storeContract(name: string, open: OpenStore): void {
  describe(`store: ${name}`, () => {
    conversationContract(open);
    iterationContract(open);
    replacementContract(open);
    messageContract(open);
    turnContract(open);
    partsContract(open);
    turnRecordContract(open);
    turnTargetContract(open);
    searchContract(open);
    agentContract(open);
    profileContract(open);
    memoryContract(open);
    promptContract(open);
    projectContract(open);
    fileContract(open);
    keyContract(open);
    archiveContract(open);
    auditContract(open);
    budgetContract(open);
    lifeContract(open);
    stepContract(open);
  });
}
