package parse

// jsonDialects are the known ways in which programs other than Windows write JSON, the more telling before the less.
var jsonDialects = append([]*jsonDialect{
	&tocsinConsole, &tocsinOwn, &kubernetesAudit, &gcpAudit, &gcpRouted, &cloudTrail, &suricata, &zeekJSON, &journald, &docker, &okta, &m365, &workspace,
	&azureFirewall, &azureRisk, &azureSignIn, &azureAudit, &azureActivity, &bitbucket, &gitHub, &oneLogin, &duo, &openCanary, &fortigate,
	&mongoDB, &mysqlAuditJSON, &perconaAudit, &sambaJSON, &nextcloud,
	&guardDuty, &route53, &awsWAF, &s3Notification, &gcpFlow, &gitHubWebhook, &crowdStrike, &zscalerWeb, &mongoAudit, &postgresJSON, &elasticAudit, &falco,
	&wazuhAlert, &gitLabAudit, &adGuard, &sftpGo, &authentik,
}, vendorDialects...)
