import { MetadataSync } from "@pulumi/healthomics-metadata-sync";

const sync = new MetadataSync("read-sets", {
    functionMemorySize: 512,
    tags: { team: "genomics" },
});

export const tableName = sync.tableName;
export const deadLetterQueueUrl = sync.deadLetterQueueUrl;
