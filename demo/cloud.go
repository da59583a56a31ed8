package demo

import (
	"bytes"
	"fmt"
	"time"
)

// cloudTrail is the company's small account at Amazon: the shop's pictures and a database.
func cloudTrail(n night) []byte {
	c := &cloudJournal{newJournal(n, 6)}
	c.ordinary()
	c.stolenKey()
	var b bytes.Buffer
	b.WriteString(`{"Records":[`)
	for i, e := range c.sorted() {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		b.WriteString(e.text)
	}
	b.WriteString("\n]}\n")
	return b.Bytes()
}

type cloudJournal struct{ *journal }

// call is one use of the interface.
type call struct {
	service, name string
	user          string
	addr, agent   string
	request       map[string]any
	refused       bool
}

const account = "123456789012"

func (c *cloudJournal) log(t time.Time, k call) {
	identity := map[string]any{"type": "IAMUser", "accountId": account, "userName": k.user, "arn": "arn:aws:iam::" + account + ":user/" + k.user, "accessKeyId": "AKIAEXAMPLE" + fmt.Sprintf("%09d", 7919*len(k.user))}
	if k.user == "shop" {
		identity = map[string]any{"type": "AssumedRole", "accountId": account, "arn": "arn:aws:sts::" + account + ":assumed-role/shop/i-0abc12345example", "accessKeyId": "ASIAEXAMPLE000000001"}
	}
	f := fields{
		"eventVersion", "1.11", "userIdentity", identity, "eventTime", t.Format("2006-01-02T15:04:05Z"),
		"eventSource", k.service + ".amazonaws.com", "eventName", k.name, "awsRegion", "eu-central-1",
		"sourceIPAddress", k.addr, "userAgent", k.agent,
	}
	if k.refused {
		f = append(f, "errorCode", "AccessDenied", "errorMessage", "User is not authorized to perform this action")
	}
	f = append(f, "requestParameters", k.request, "responseElements", nil, "eventID", fmt.Sprintf("%08x-0000-4000-8000-%012x", c.Uint32(), c.Uint64()&0xffffffffffff), "readOnly", k.request == nil,
		"eventType", "AwsApiCall", "managementEvent", true, "recipientAccountId", account)
	c.add(t, "%s", object(f))
}

// ordinary is what the shop and the administrator do.
func (c *cloudJournal) ordinary() {
	for range 110 {
		c.log(c.whenever(c.dusk(), c.dawn()), call{service: "s3", name: c.pick("GetObject", "PutObject", "ListObjects"), user: "shop", addr: "10.0.4.7", agent: "aws-sdk-php/3.300", request: map[string]any{"bucketName": "bikes-pictures", "key": fmt.Sprintf("img/bike-%d.jpg", 100+c.IntN(80))}})
	}
	for t := c.dusk().Add(7 * time.Minute); t.Before(c.dawn()); t = t.Add(30 * time.Minute) {
		c.log(t, call{service: "secretsmanager", name: "GetSecretValue", user: "shop", addr: "10.0.4.7", agent: "aws-sdk-php/3.300", request: map[string]any{"secretId": "shop/database"}})
		c.log(t.Add(2*time.Second), call{service: "cloudwatch", name: "PutMetricAlarm", user: "shop", addr: "10.0.4.7", agent: "aws-sdk-php/3.300", request: map[string]any{"alarmName": "queue"}})
	}
	for i, name := range []string{"DescribeInstances", "DescribeVolumes", "DescribeSnapshots", "ListBuckets"} {
		c.log(c.at("17:20:10").Add(time.Duration(i*40)*time.Second), call{service: "ec2", name: name, user: "anna", addr: office, agent: "aws-cli/2.31.0 Python/3.13.7 Linux/6.12"})
	}
}

// stolenKey is the key that stood in the web server's .env.
func (c *cloudJournal) stolenKey() {
	agent := "aws-cli/2.15.0 Python/3.11.6 Linux/6.5.0-kali3-amd64"
	use := func(clock, service, name string, refused bool, request map[string]any) {
		c.log(c.at(clock), call{service: service, name: name, user: "ci-deploy", addr: intruder, agent: agent, request: request, refused: refused})
	}
	use("26:40:05", "sts", "GetCallerIdentity", false, nil)
	for i, name := range []string{"ListUsers", "ListRoles", "ListAccountAliases", "GetAccountAuthorizationDetails", "ListPolicies", "ListGroups", "GetAccountSummary"} {
		use(fmt.Sprintf("26:40:%02d", 12+i*4), "iam", name, true, nil)
	}
	for i, s := range []string{"shop/database", "shop/payment", "shop/mail", "office/backup", "office/vpn", "office/erp"} {
		use(fmt.Sprintf("26:43:%02d", 10+i*5), "secretsmanager", "GetSecretValue", false, map[string]any{"secretId": s})
	}
	use("26:46:30", "iam", "CreateAccessKey", false, map[string]any{"userName": "backup"})
	use("26:47:02", "iam", "AttachUserPolicy", false, map[string]any{"userName": "backup", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"})
	use("26:49:15", "cloudtrail", "UpdateTrail", true, map[string]any{"name": "main"})
	use("26:51:40", "ec2", "ModifySnapshotAttribute", false, map[string]any{"snapshotId": "snap-0example01", "attributeType": "CREATE_VOLUME_PERMISSION", "createVolumePermission": map[string]any{"add": map[string]any{"items": []any{map[string]any{"userId": "210987654321"}}}}})
	use("26:58:12", "cloudtrail", "StopLogging", false, map[string]any{"name": "main"})
}
