package sight

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/intel"
)

// objectPlan says how the events of a shape become objects of STIX, for the patterns that need them.
type objectPlan struct{ parts []objectPart }

// objectPart is one property of one object.
type objectPart struct {
	key, kind string   // the object's name within the event, and its type
	path      []string // of the property
	slot      event.Slot
	as        partForm
}

type partForm uint8

const (
	asText partForm = iota
	asNumber
	asList   // a list of one
	asBase   // the last part of a path
	asFolder // all but the last part of a path
	asHashes // MD5=…,SHA256=…
)

// addressType stands for the type that the address itself tells.
const addressType = "ip-addr"

// objectParts say which ECS field is which property (STIX 2.1 §6). A reference names another object of the same event.
var objectParts = []struct {
	ecs, key, kind, path string
	as                   partForm
}{
	{"source.ip", "source", addressType, "value", asText},
	{"destination.ip", "destination", addressType, "value", asText},
	{"dns.resolved_ip", "resolved", addressType, "value", asText},
	{"dns.question.name", "query", "domain-name", "value", asText},
	{"url.domain", "site", "domain-name", "value", asText},
	{"destination.domain", "destination name", "domain-name", "value", asText},
	{"tls.client.server_name", "server name", "domain-name", "value", asText},
	{"url.full", "url", "url", "value", asText},
	{"url.original", "url as written", "url", "value", asText},
	{"source.ip", "traffic", "network-traffic", "src_ref=source", asText},
	{"destination.ip", "traffic", "network-traffic", "dst_ref=destination", asText},
	{"source.port", "traffic", "network-traffic", "src_port", asNumber},
	{"destination.port", "traffic", "network-traffic", "dst_port", asNumber},
	{"network.transport", "traffic", "network-traffic", "protocols", asList},
	{"source.bytes", "traffic", "network-traffic", "src_byte_count", asNumber},
	{"destination.bytes", "traffic", "network-traffic", "dst_byte_count", asNumber},
	{"http.request.method", "traffic", "network-traffic", "extensions.http-request-ext.request_method", asText},
	{"url.original", "traffic", "network-traffic", "extensions.http-request-ext.request_value", asText},
	{"user_agent.original", "traffic", "network-traffic", "extensions.http-request-ext.request_header.User-Agent", asText},
	{"file.path", "file", "file", "name", asBase},
	{"file.name", "file", "file", "name", asBase},
	{"file.size", "file", "file", "size", asNumber},
	{"file.path", "folder", "directory", "path", asFolder},
	{"file.path", "file", "file", "parent_directory_ref=folder", asText},
	{"file.hash", "file", "file", "hashes", asHashes},
	{"file.hash.md5", "file", "file", "hashes.MD5", asText},
	{"file.hash.sha1", "file", "file", "hashes.SHA-1", asText},
	{"file.hash.sha256", "file", "file", "hashes.SHA-256", asText},
	{"process.executable", "image", "file", "name", asBase},
	{"process.hash", "image", "file", "hashes", asHashes},
	{"process.hash.sha256", "image", "file", "hashes.SHA-256", asText},
	{"process.executable", "image folder", "directory", "path", asFolder},
	{"process.executable", "image", "file", "parent_directory_ref=image folder", asText},
	{"process.executable", "process", "process", "image_ref=image", asText},
	{"process.executable", "process", "process", "binary_ref=image", asText},
	{"process.executable", "process", "process", "name", asBase},
	{"process.command_line", "process", "process", "command_line", asText},
	{"process.working_directory", "process", "process", "cwd", asText},
	{"process.pid", "process", "process", "pid", asNumber},
	{"process.parent.executable", "parent image", "file", "name", asBase},
	{"process.parent.executable", "parent", "process", "image_ref=parent image", asText},
	{"process.parent.executable", "parent", "process", "name", asBase},
	{"process.parent.command_line", "parent", "process", "command_line", asText},
	{"process.parent.executable", "process", "process", "parent_ref=parent", asText},
	{"user.name", "user", "user-account", "account_login", asText},
	{"user.name", "user", "user-account", "display_name", asText},
	{"user.id", "user", "user-account", "user_id", asText},
	{"user.name", "process", "process", "creator_user_ref=user", asText},
	{"registry.path", "key", "windows-registry-key", "key", asText},
	{"registry.data.strings", "key", "windows-registry-key", "values.0.data", asText},
	{"registry.value", "key", "windows-registry-key", "values.0.name", asText},
	{"email.from.address", "sender", "email-addr", "value", asText},
	{"email.to.address", "recipient", "email-addr", "value", asText},
	{"email.subject", "mail", "email-message", "subject", asText},
	{"email.from.address", "mail", "email-message", "from_ref=sender", asText},
	{"service.name", "service", "process", "extensions.windows-service-ext.service_name", asText},
	{"tls.server.x509.issuer.common_name", "certificate", "x509-certificate", "issuer", asText},
	{"tls.server.issuer", "certificate", "x509-certificate", "issuer", asText},
	{"tls.server.subject", "certificate", "x509-certificate", "subject", asText},
	{"tls.server.x509.serial_number", "certificate", "x509-certificate", "serial_number", asText},
	{"tls.server.hash.sha1", "certificate", "x509-certificate", "hashes.SHA-1", asText},
	{"tls.server.hash.sha256", "certificate", "x509-certificate", "hashes.SHA-256", asText},
	{"user_agent.original", "software", "software", "name", asText},
}

// newObjectPlan returns how events of the shape become objects; nil where no pattern speaks of a type that they hold.
func newObjectPlan(s *event.Shape, wanted map[string]bool) *objectPlan {
	if len(wanted) == 0 {
		return nil
	}
	p := &objectPlan{}
	useful := false
	for _, o := range objectParts {
		slot := s.ECS(o.ecs)
		if !slot.Found() {
			continue
		}
		p.parts = append(p.parts, objectPart{o.key, o.kind, strings.Split(o.path, "."), slot, o.as})
		useful = useful || wanted[o.kind] || o.kind == addressType && (wanted["ipv4-addr"] || wanted["ipv6-addr"])
	}
	if !useful {
		return nil
	}
	return p
}

// objectsOf makes objects of an event. They share memory with it.
func (p *objectPlan) objectsOf(ev *event.Event) intel.Objects {
	all := make(intel.Objects)
	for i := range p.parts {
		o := &p.parts[i]
		v := o.slot.Value(ev)
		if v.Kind <= event.Null || len(v.Raw) == 0 {
			continue
		}
		n := 0
		for e := range v.Elements() {
			key := o.key
			if n > 0 {
				key += "\x00" + string(rune('0'+n))
			}
			o.put(all, key, e)
			if n++; n > 8 || o.path[0] != "value" {
				break
			}
		}
	}
	return all
}

// put states a property.
func (o *objectPart) put(all intel.Objects, key string, v event.Value) {
	text := v.String()
	if text == "" || len(text) > maxAsked {
		return
	}
	object := all[key]
	if object == nil {
		object = map[string]any{"type": o.kind}
		if o.kind == addressType {
			object["type"] = "ipv4-addr"
			if strings.Contains(text, ":") {
				object["type"] = "ipv6-addr"
			}
		}
		all[key] = object
	}
	last := o.path[len(o.path)-1]
	if ref, to, ok := strings.Cut(last, "="); ok {
		object[ref] = to
		return
	}
	at := object
	for i, step := range o.path[:len(o.path)-1] {
		if o.path[i+1] == "0" { // a list of one object
			list, _ := at[step].([]any)
			if list == nil {
				list = []any{map[string]any{}}
				at[step] = list
			}
			at = list[0].(map[string]any)
			continue
		}
		if step == "0" {
			continue
		}
		next, _ := at[step].(map[string]any)
		if next == nil {
			next = make(map[string]any)
			at[step] = next
		}
		at = next
	}
	o.state(at, last, text, v)
}

func (o *objectPart) state(at map[string]any, name, text string, v event.Value) {
	base := strings.LastIndexAny(text, `/\`)
	switch o.as {
	case asNumber:
		if f, ok := v.Float(); ok {
			at[name] = f
		}
	case asList:
		at[name] = []any{strings.ToLower(text)}
	case asBase:
		at[name] = text[base+1:]
	case asFolder:
		at[name] = text[:max(base, 0)]
	case asHashes:
		hashes, _ := at[name].(map[string]any)
		if hashes == nil {
			hashes = make(map[string]any)
			at[name] = hashes
		}
		for part := range strings.SplitSeq(text, ",") {
			if algorithm, hash, ok := strings.Cut(part, "="); ok {
				hashes[hashKeys[strings.ToUpper(algorithm)]] = strings.ToLower(hash)
			}
		}
	default:
		at[name] = text
	}
}

var hashKeys = map[string]string{"MD5": "MD5", "SHA1": "SHA-1", "SHA256": "SHA-256", "SHA512": "SHA-512", "IMPHASH": "IMPHASH"}

// match holds an event against the patterns. Those that speak of several observations are given what of them was seen.
func (k *known) match(p *knownPlan, ev *event.Event) {
	objects := p.objects.objectsOf(ev)
	if len(objects) == 0 {
		return
	}
	types := make(map[string]bool, len(objects))
	for _, o := range objects {
		types[o["type"].(string)] = true
	}
	at := max(ev.Time, 1)
	ob := intel.Observation{First: at, Last: at, Count: 1, Objects: objects}
	for _, x := range k.set.PatternsOf(types) {
		if !x.Valid(ev.Time) {
			continue
		}
		parts, whole := x.Pattern.Seen(&ob)
		if parts == 0 {
			continue
		}
		in := x.Indicator
		a := probe{field: strings.Join(x.Pattern.Types(), " "), role: RolePattern}
		if !whole {
			a.role = RolePart
		}
		if told := k.tell(p, ev, &in, &a, in.Value); told != nil && !whole {
			told.Bytes = int64(parts)
		}
	}
}

// The roles of patterns: one that an event matches, and one of which an event is a part.
const (
	RolePattern = "pattern"
	RolePart    = "part"
)
