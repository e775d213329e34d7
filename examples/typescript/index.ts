import { MetadataSync } from "@pulumi/healthomics-metadata-sync";

// Everything that `omics-meta --stack` looks for.
export const {
    tableName,
    tableArn,
    queueName,
    queueUrl,
    queueArn,
    deadLetterQueueUrl,
    deadLetterQueueArn,
    undeliveredQueueUrl,
    undeliveredQueueArn,
    functionName,
    functionArn,
    ruleName,
    ruleArn,
    logGroupName,
    region,
    tableStreamArn,
} = new MetadataSync("read-sets", {
    functionMemorySize: 512,
    tags: { team: "genomics" },
});
