package parse

import (
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
)

// TestCarried has one failed login, and a few other lines, as shippers carry them.
func TestCarried(t *testing.T) {
	const (
		at       = "2024-03-03T09:12:44.12Z"
		second   = "2024-03-03T09:12:44Z"
		reading  = "2024-03-03T09:12:50.5Z" // when the shipper read the line
		sentence = "Failed password for invalid user oracle from 203.0.113.7 port 50122 ssh2"
		bsd      = "Mar  3 09:12:44 gate sshd[812]: " + sentence
		iso      = "2024-03-03T09:12:44.120000+00:00 gate sshd[812]: " + sentence
	)
	sshd := event.LogSource{Product: "linux", Service: "sshd"}
	failed := map[string]string{
		"user.name": "oracle", "source.ip": "203.0.113.7", "source.port": "50122", "event.outcome": "failure", "message": sentence,
	}
	whole := with(failed, "host.name", "gate", "process.name", "sshd", "process.pid", "812")
	checkDialects(t, []dialectCase{
		{
			name: "Filebeat", format: "sshd", source: sshd, time: second,
			in: `{"@timestamp":"2024-03-03T09:12:50.500Z","@metadata":{"beat":"filebeat","type":"_doc","version":"8.12.0"},"agent":{"type":"filebeat","name":"box","version":"8.12.0"},"ecs":{"version":"8.0.0"},` +
				`"input":{"type":"filestream"},"log":{"offset":100,"file":{"path":"/var/log/auth.log"}},"host":{"name":"box"},"message":"` + bsd + `"}`,
			get: with(whole, "log.file.path", "/var/log/auth.log", "agent.type", "filebeat", "log.offset", "100"),
		},
		{
			name: "Filebeat, ISO time", format: "sshd", source: sshd, time: at,
			in:  `{"@timestamp":"2024-03-03T09:12:50.500Z","agent":{"type":"filebeat"},"ecs":{"version":"8.0.0"},"input":{"type":"log"},"log":{"file":{"path":"/var/log/auth.log"}},"message":"` + iso + `"}`,
			get: with(whole, "log.file.path", "/var/log/auth.log"),
		},
		{
			name: "Filebeat, syslog input", format: "sshd", source: sshd, time: reading,
			in: `{"@timestamp":"2024-03-03T09:12:50.500Z","agent":{"type":"filebeat"},"ecs":{"version":"8.0.0"},"input":{"type":"syslog"},"hostname":"gate","process":{"name":"sshd","pid":812},` +
				`"log":{"source":{"address":"192.0.2.1:514"},"syslog":{"priority":86,"facility":{"code":10,"name":"security/authorization"},"severity":{"code":6,"name":"Informational"}}},"message":"` + sentence + `"}`,
			get: with(whole, "log.source.address", "192.0.2.1:514", "log.syslog.facility.name", "authpriv", "log.syslog.severity.name", "info"),
		},
		{
			name: "Filebeat, journald input", format: "sshd", source: sshd, time: reading,
			in:  `{"@timestamp":"2024-03-03T09:12:50.500Z","agent":{"type":"filebeat"},"input":{"type":"journald"},"host":{"hostname":"gate"},"process":{"pid":812},"syslog":{"facility":4,"identifier":"sshd","priority":6},"systemd":{"unit":"ssh.service"},"message":"` + sentence + `"}`,
			get: with(whole, "systemd.unit", "ssh.service"),
		},
		{
			name: "Filebeat, an access line", format: "access", source: event.LogSource{Category: "webserver"}, time: second,
			in:  `{"@timestamp":"2024-03-03T09:12:50.500Z","agent":{"type":"filebeat"},"input":{"type":"log"},"log":{"file":{"path":"/var/log/nginx/access.log"}},"message":"192.0.2.9 - - [03/Mar/2024:09:12:44 +0000] \"GET /a?b=1 HTTP/1.1\" 200 12 \"-\" \"curl/8\""}`,
			get: map[string]string{"cs-uri-stem": "/a", "c-ip": "192.0.2.9", "sc-status": "200", "log.file.path": "/var/log/nginx/access.log"},
		},
		{
			name: "Filebeat, Suricata", format: "suricata", source: event.LogSource{Product: "suricata"}, time: at,
			in:  `{"@timestamp":"2024-03-03T09:12:50.500Z","input":{"type":"log"},"log":{"file":{"path":"/var/log/suricata/eve.json"}},"message":"{\"timestamp\":\"2024-03-03T09:12:44.120000+0000\",\"event_type\":\"alert\",\"src_ip\":\"192.0.2.9\",\"src_port\":1,\"dest_ip\":\"198.51.100.4\",\"dest_port\":80,\"proto\":\"TCP\",\"alert\":{\"signature\":\"x\"}}"}`,
			get: map[string]string{"source.ip": "192.0.2.9", "log.file.path": "/var/log/suricata/eve.json", "alert.signature": "x"},
		},
		{
			name: "Filebeat, prose", format: "ecs", time: reading,
			in:  `{"@timestamp":"2024-03-03T09:12:50.500Z","agent":{"type":"filebeat"},"input":{"type":"log"},"log":{"file":{"path":"/var/log/app.log"}},"message":"it works"}`,
			get: map[string]string{"message": "it works"},
		},
		{
			name: "Fluent Bit", format: "sshd", source: sshd, time: second,
			in: `{"@timestamp":"2024-03-03T09:12:50.500Z","log":"` + bsd + `"}`, get: whole,
		},
		{
			name: "Fluent Bit over HTTP", format: "sshd", source: sshd, time: at,
			in: `{"date":1709457170.5,"log":"` + iso + `"}`, get: whole,
		},
		{
			name: "Fluent Bit, syslog parser", format: "sshd", source: sshd, time: reading,
			in:  `{"date":1709457170.5,"pri":"86","time":"Mar  3 09:12:44","host":"gate","ident":"sshd","pid":"812","message":"` + sentence + `"}`,
			get: with(whole, "log.syslog.facility.name", "authpriv"),
		},
		{
			name: "Fluent Bit in Kubernetes", format: "access", source: event.LogSource{Category: "webserver"}, time: at,
			in: `{"log":"192.0.2.9 - - [03/Mar/2024:09:12:44 +0000] \"GET /a HTTP/1.1\" 200 12 \"-\" \"curl/8\"\n","stream":"stdout","time":"2024-03-03T09:12:44.120000000Z",` +
				`"kubernetes":{"pod_name":"web-1","namespace_name":"shop"}}`,
			get: map[string]string{"c-ip": "192.0.2.9", "kubernetes.pod_name": "web-1", "stream": "stdout"},
		},
		{
			name: "Vector, file", format: "sshd", source: sshd, time: second,
			in:  `{"file":"/var/log/auth.log","host":"box","message":"` + bsd + `","source_type":"file","timestamp":"2024-03-03T09:12:50.500Z"}`,
			get: with(whole, "file", "/var/log/auth.log"),
		},
		{
			name: "Vector, syslog", format: "sshd", source: sshd, time: at,
			in:  `{"appname":"sshd","facility":"authpriv","hostname":"gate","message":"` + sentence + `","procid":812,"severity":"info","source_ip":"192.0.2.1","source_type":"syslog","timestamp":"2024-03-03T09:12:44.120Z"}`,
			get: with(whole, "source_ip", "192.0.2.1", "log.syslog.severity.name", "info"),
		},
		{
			name: "rsyslog, its own template", format: "sshd", source: sshd, time: at,
			in:  `{"message":" ` + sentence + `","fromhost":"gate","facility":"auth","priority":"info","timereported":"2024-03-03T09:12:44.120000+00:00","timegenerated":"2024-03-03T09:12:50.5+00:00"}`,
			get: with(failed, "host.name", "gate", "process.name", "sshd", "log.syslog.facility.name", "auth", "log.syslog.severity.name", "info"),
		},
		{
			name: "rsyslog, the usual template", format: "sshd", source: sshd, time: at,
			in:  `{"@timestamp":"2024-03-03T09:12:44.120000+00:00","host":"gate","severity":"info","facility":"auth","syslogtag":"sshd[812]:","message":" ` + sentence + `"}`,
			get: whole,
		},
		{
			name: "rsyslog, a program without sentences", format: "syslog", source: event.LogSource{Product: "linux", Service: "syslog"}, time: at,
			in:  `{"@timestamp":"2024-03-03T09:12:44.120000+00:00","host":"gate","severity":"info","facility":"daemon","programname":"mydaemon","procid":"-","message":"it works"}`,
			get: map[string]string{"host.name": "gate", "process.name": "mydaemon", "message": "it works"},
		},
		{
			name: "syslog-ng", format: "sshd", source: sshd, time: at,
			in: `{"PROGRAM":"sshd","PRIORITY":"info","PID":"812","MESSAGE":"` + sentence + `","HOST":"gate","FACILITY":"auth","ISODATE":"2024-03-03T09:12:44.120+00:00"}`, get: whole,
		},
		{
			name: "Splunk's collector", format: "sshd", source: sshd, time: second,
			in:  `{"message":"` + bsd + `","time":1709457170.5,"host":"box","source":"/var/log/auth.log","sourcetype":"linux_secure"}`,
			get: with(whole, "source", "/var/log/auth.log", "sourcetype", "linux_secure"),
		},
		{
			name: "OpenTelemetry", format: "sshd", source: sshd, time: second,
			in:  `{"message":"` + bsd + `","@timestamp":"2024-03-03T09:12:50.5Z","log.file.name":"auth.log","host.name":"box","service.name":"x"}`,
			get: with(whole, "service.name", "x"),
		},
		{
			name: "Logstash", format: "sshd", source: sshd, time: second,
			in:  `{"@timestamp":"2024-03-03T09:12:50.500Z","@version":"1","event":{"original":"` + bsd + `"},"host":{"name":"box"},"log":{"file":{"path":"/var/log/auth.log"}},"message":"` + bsd + `"}`,
			get: whole,
		},
		{
			name: "a line without host or time", format: "netfilter", source: event.LogSource{Category: "firewall", Product: "linux"}, time: reading,
			in:  `{"@timestamp":"2024-03-03T09:12:50.500Z","host":{"name":"gate"},"input":{"type":"log"},"message":"<4>[ 12.5] IN=eth0 OUT= SRC=192.0.2.9 DST=198.51.100.4 LEN=40 PROTO=TCP SPT=1 DPT=22 SYN"}`,
			get: map[string]string{"host.name": "gate", "source.ip": "192.0.2.9"},
		},
		{
			name: "audit", format: "auditd", source: event.LogSource{Product: "linux", Service: "auditd"}, time: at,
			in:  `{"@timestamp":"2024-03-03T09:12:50.500Z","host":{"name":"gate"},"log":{"file":{"path":"/var/log/audit/audit.log"}},"input":{"type":"log"},"message":"type=EXECVE msg=audit(1709457164.120:7): argc=2 a0=\"id\" a1=\"-u\""}`,
			get: map[string]string{"type": "EXECVE", "a0": "id", "log.file.path": "/var/log/audit/audit.log"},
		},
		{
			name: "an application's own record stays", format: "json", time: at,
			in:  `{"time":"2024-03-03T09:12:44.120Z","severity":"INFO","app":"billing","message":"paid by anna"}`,
			get: map[string]string{"message": "paid by anna", "app": "billing"},
		},
		{
			name: "an event that was read already stays", format: "ecs", time: at,
			in:  `{"@timestamp":"2024-03-03T09:12:44.120Z","input":{"type":"log"},"event":{"category":"authentication","outcome":"failure"},"source":{"ip":"203.0.113.7"},"message":"` + bsd + `"}`,
			get: map[string]string{"message": bsd},
		},
	})
}

// BenchmarkCarried is a line of sshd as Filebeat carries it.
func BenchmarkCarried(b *testing.B) {
	const record = `{"@timestamp":"2024-03-03T09:12:50.500Z","agent":{"type":"filebeat","name":"box","version":"8.12.0"},"ecs":{"version":"8.0.0"},"input":{"type":"filestream"},` +
		`"log":{"offset":100,"file":{"path":"/var/log/auth.log"}},"host":{"name":"box"},"message":"Mar  3 09:12:44 gate sshd[812]: Failed password for invalid user oracle from 203.0.113.7 port 50122 ssh2"}` + "\n"
	block := event.Block{Origin: &event.Origin{Path: "x"}, Data: strings.Repeat(record, 1000), First: 1}
	parser := JSON.NewParser(&Env{})
	var batch event.Batch
	b.ReportAllocs()
	b.SetBytes(int64(len(block.Data)))
	for b.Loop() {
		batch.Reset()
		parser.Parse(block, &batch)
		if len(batch.Events) != 1000 || batch.Events[999].Shape.Format.Name != "sshd" {
			b.Fatal(len(batch.Events))
		}
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
