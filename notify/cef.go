package notify

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
)

var (
	cefHeader = strings.NewReplacer(`\`, `\\`, "|", `\|`, "\n", " ", "\r", " ")
	cefValue  = strings.NewReplacer(`\`, `\\`, "=", `\=`, "\n", `\n`, "\r", `\r`)
	leefText  = strings.NewReplacer("|", "/", "\t", " ", "\n", " ", "\r", " ")
)

// cefSeverities are from 0 to 10.
var cefSeverities = map[string]int{"critical": 10, "high": 8, "medium": 5, "low": 3, "informational": 1}

// pair is a key with its value.
type pair struct{ key, value string }

// cef writes a message in ArcSight's Common Event Format, version 0: a header of seven fields between bars, and an extension
// of keys and values.
func cef(m *Message, env Env) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CEF:0|tocsin|tocsin|%s|%s|%s|%d|", cefHeader.Replace(cmp.Or(env.Version, "0")), cefHeader.Replace(m.Kind), cefHeader.Replace(m.Title), cefSeverities[m.Severity])
	list := []pair{
		{"rt", fmt.Sprint(m.At.UnixMilli())},
		{"externalId", dedupKey(m)},
		{"cat", strings.Join(m.Tactics, ",")},
		{"cnt", count(m.Count)},
		{"act", m.Status},
		{"suser", nameOf(m, "user")},
		{"shost", nameOf(m, "host")},
		{"src", addressOf(m)},
	}
	if !m.From.IsZero() {
		list = append(list, pair{"start", fmt.Sprint(m.From.UnixMilli())}, pair{"end", fmt.Sprint(m.Until.UnixMilli())})
	}
	list = append(list,
		pair{"cs1Label", "who"}, pair{"cs1", m.Who}, pair{"cs2Label", "tenant"}, pair{"cs2", m.Tenant},
		pair{"cn1Label", "score"}, pair{"cn1", fmt.Sprint(m.Score)}, pair{"request", m.Link}, pair{"msg", m.What})
	first := true
	for _, p := range list {
		if p.value == "" {
			continue
		}
		if !first {
			b.WriteByte(' ')
		}
		first = false
		b.WriteString(p.key + "=" + cefValue.Replace(p.value))
	}
	return b.String()
}

// leef writes a message in IBM's Log Event Extended Format, version 2.0, with a tab between the attributes.
func leef(m *Message, env Env) string {
	var b strings.Builder
	fmt.Fprintf(&b, "LEEF:2.0|tocsin|tocsin|%s|%s|x09|", leefText.Replace(cmp.Or(env.Version, "0")), leefText.Replace(m.Kind))
	first := true
	for _, p := range []pair{
		{"devTime", stamp(m.At)},
		{"devTimeFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSX"},
		{"sev", fmt.Sprint(max(cefSeverities[m.Severity], 1))},
		{"cat", strings.Join(m.Tactics, ",")},
		{"usrName", nameOf(m, "user")},
		{"identHostName", nameOf(m, "host")},
		{"src", addressOf(m)},
		{"incident", dedupKey(m)},
		{"title", m.Title},
		{"what", m.What},
		{"who", m.Who},
		{"tenant", m.Tenant},
		{"status", m.Status},
		{"score", fmt.Sprint(m.Score)},
		{"events", count(m.Count)},
		{"url", m.Link},
	} {
		if p.value == "" {
			continue
		}
		if !first {
			b.WriteByte('\t')
		}
		first = false
		b.WriteString(p.key + "=" + leefText.Replace(p.value))
	}
	return b.String()
}

func count(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func nameOf(m *Message, kind string) string {
	for _, e := range m.Entities {
		if e.Kind == kind {
			return e.Name
		}
	}
	return ""
}

// addressOf is the first address that is one.
func addressOf(m *Message) string {
	for _, e := range m.Entities {
		if a, err := netip.ParseAddr(e.Name); err == nil && e.Kind == "address" {
			return a.WithZone("").String()
		}
	}
	return ""
}
