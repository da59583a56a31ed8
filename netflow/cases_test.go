package netflow

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/refdata"
)

// nfCase is what a collector has to make of some datagrams.
type nfCase struct {
	ID       string   `json:"id"`
	Context  string   `json:"context"`
	Packets  []string `json:"packets"`
	Expected *int     `json:"expected_events"`
	Samples  []struct {
		Time    time.Time      `json:"@timestamp"`
		Netflow map[string]any `json:"netflow"`
	} `json:"expected_samples"`
}

func readCases(tb testing.TB) (root string, cases []nfCase) {
	tb.Helper()
	path := refdata.Path(tb, "cases/netflow.jsonl")
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var c nfCase
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			tb.Fatal(err)
		}
		cases = append(cases, c)
	}
	return filepath.Dir(filepath.Dir(path)), cases
}

// run takes datagrams as they come and parses the blocks that become of them.
func run(tb testing.TB, datagrams ...[]byte) (*event.Batch, *Exporter) {
	tb.Helper()
	e, p, out := NewExporter(), NewParser(&event.Shapes{}), &event.Batch{}
	first := int64(1)
	for _, d := range datagrams {
		e.Take(d)
	}
	for {
		part, ok := e.Next()
		if !ok {
			return out, e
		}
		e.Pop()
		p.Parse(event.Block{Origin: &event.Origin{Sender: "192.0.2.1"}, Header: part.Header, Data: part.Data, First: first}, out)
		first += part.Messages
	}
}

// renamed are the names that another collector uses where ours are neither IANA's nor aliases of the format.
var renamed = map[string]string{
	"version": "exportProtocolVersion", "icmp_type": "icmpTypeIPv4", "icmp_code": "icmpCodeIPv4", "ip_protocol_version": "ipVersion",
	"in_permanent_bytes": "octetTotalCount", "username": "userName", "flow_sampler_id": "samplerId", "application_id": "applicationId",
	"application_name": "applicationName", "application_description": "applicationDescription", "user_id": "paloAltoUserID", "app_id": "paloAltoAppID",
	"flow_end_reason": "flowEndReason", "total_bytes_exp": "exportedOctetTotalCount", "total_pkts_exp": "exportedMessageTotalCount",
	"total_flows_exp": "exportedFlowRecordTotalCount", "flow_active_timeout": "flowActiveTimeout", "flow_inactive_timeout": "flowIdleTimeout",
	"sampling_algorithm": "samplingAlgorithm", "scope_system": "scopeSystem", "bgp_ipv4_next_hop": "bgpNextHopIPv4Address",
	"src_traffic_index": "srcTrafficIndex", "dst_traffic_index": "dstTrafficIndex", "flows": "deltaFlowCount", "if_desc": "interfaceDescription",
	"event_time_msec": "observationTimeMilliseconds", "flow_start_msec": "flowStartMilliseconds", "ipv4_ident": "fragmentIdentification",
	"tcp_src_port": "tcpSourcePort", "udp_dst_port": "udpDestinationPort", "ipv4_src_prefix": "sourceIPv4Prefix", "ip_dscp": "ipDiffServCodePoint",
	"nprobe_proto": "nprobeL7Proto", "engine_type": "engineType", "engine_id": "engineId", "forwarding_status": "forwardingStatus",
	"ingress_acl_id": "ingressACLID", "egress_acl_id": "egressACLID", "Timestamp": "barracudaTimestamp",
	"vmwareUnknown888": "vmwareEgressInterfaceAttr", "vmwareUnknown889": "vmwareVxlanExportRole", "vmwareUnknown890": "vmwareIngressInterfaceAttr",
	"streamcore_wan_rtt": "streamcoreWanRTT", "streamcore_net_app_resp_time": "streamcoreNetAppResponseTime",
	"streamcore_total_app_resp_time": "streamcoreTotalAppResponseTime", "streamcore_tcp_retrans_rate": "streamcoreTcpRetransmission",
	"streamcore_call_direction": "streamcoreCallDirection", "streamcore_hostname": "streamcoreHostname", "streamcore_url": "streamcoreURL",
	"streamcore_id_rule_1": "streamcoreRule1", "streamcore_id_rule_2": "streamcoreRule2", "streamcore_id_rule_3": "streamcoreRule3",
	"streamcore_id_rule_4": "streamcoreRule4", "streamcore_id_rule_5": "streamcoreRule5", "streamcore_id_rule_10": "streamcoreRule10",
	"streamcore_id_rule_6": "streamcoreRule6", "streamcore_id_rule_7": "streamcoreRule7", "streamcore_id_rule_8": "streamcoreRule8", "streamcore_id_rule_9": "streamcoreRule9",
	"AuditCounter": "barracudaAuditCounter", "LogOp": "barracudaLogOp", "Reason": "barracudaReason", "ReasonText": "barracudaReasonText",
	"ServiceName": "barracudaServiceName", "FW_Rule": "barracudaRule", "TrafficType": "barracudaTrafficType", "BindIPv4Address": "barracudaBindIPv4Address",
	"BindTransportPort": "barracudaBindTransportPort", "ConnIPv4Address": "barracudaConnIPv4Address", "ConnTransportPort": "barracudaConnTransportPort",
}

// differs are the values in which the other collector is wrong, or prints bytes that are no text.
var differs = map[string]string{
	"netflow-00000 first_switched":   "the clock of the exporter has wrapped around",
	"netflow-00029 first_switched":   "it adds a second, and cuts what is more than one",
	"netflow-00029 last_switched":    "likewise",
	"netflow-00027 application_name": "bytes of zero, printed",
}

// same tells whether two collectors mean the same by what they write differently.
func same(got event.Value, want any) bool {
	g, w := got.String(), fmt.Sprint(want)
	if f, ok := want.(float64); ok {
		if h, ok := got.Float(); ok && (h == f || float32(h) == float32(f)) {
			return true
		}
		if t, err := time.Parse(time.RFC3339Nano, g); err == nil && (float64(t.UnixMilli()) == f || float64(t.Unix()) == f) {
			return true
		}
	}
	if g == w || g == strings.ReplaceAll(w, "..", ":") {
		return true
	}
	if m, ok := want.(map[string]any); ok && m["status"] != nil { // two parts of one byte (RFC 7270 §4.12)
		f, ok := got.Float()
		return ok && m["status"] == float64(int(f)>>6) && m["reason"] == float64(int(f)&63)
	}
	a, err1 := time.Parse(time.RFC3339Nano, g)
	b, err2 := time.Parse(time.RFC3339Nano, strings.Replace(w, "#{nanos}", "", 1))
	return err1 == nil && err2 == nil && a.Sub(b).Abs() <= time.Second // it adds a second where it need not
}

func TestCases(t *testing.T) {
	root, cases := readCases(t)
	var found, missed, wrong int
	for _, c := range cases {
		t.Run(c.ID+" "+c.Context, func(t *testing.T) {
			var all [][]byte
			for _, name := range c.Packets {
				d, err := os.ReadFile(filepath.Join(root, name))
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, d)
			}
			out, e := run(t, all...)
			if c.Expected != nil && len(out.Events) != *c.Expected {
				t.Errorf("%d events, want %d; %v, %v", len(out.Events), *c.Expected, out.Unread, e.Problems())
			}
			for _, s := range c.Samples {
				if len(s.Netflow) == 0 {
					continue
				}
				for name := range s.Netflow {
					if differs[c.ID+" "+name] != "" {
						delete(s.Netflow, name)
					}
				}
				best, miss, bad := -1, []string(nil), []string(nil)
				for i := range out.Events {
					n, m, b := agreement(&out.Events[i], s.Netflow)
					if n > best {
						best, miss, bad = n, m, b
					}
				}
				found, missed, wrong = found+max(best, 0), missed+len(miss), wrong+len(bad)
				if best < 0 || len(bad) > 0 {
					t.Errorf("best %d; missing %v; other %v", best, miss, bad)
				}
				if len(miss) > 0 {
					t.Logf("not there: %v", miss)
				}
			}
		})
	}
	if found < 1150 {
		t.Errorf("only %d values are the same", found)
	}
	t.Logf("values the same %d, other %d, not there %d", found, wrong, missed)
}

// agreement compares an event with what another collector makes of the record.
func agreement(e *event.Event, want map[string]any) (n int, missing, other []string) {
	for name, w := range want {
		switch name {
		case "flow_seq_num", "flowset_id", "flow_records": // of the datagram
			continue
		}
		v := e.Get(name)
		if r, ok := renamed[name]; ok {
			v = e.Get(r)
		}
		switch {
		case v.Kind == event.Missing:
			missing = append(missing, name)
		case same(v, w):
			n++
		default:
			other = append(other, fmt.Sprintf("%s %s want %v", name, v, w))
		}
	}
	slices.Sort(missing)
	slices.Sort(other)
	return n, missing, other
}
