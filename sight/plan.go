package sight

import (
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// The fields that readers ask for, as places in sightPlan.slot.
const (
	slotHost = iota
	slotUser
	slotSource
	slotDestination
	slotPort
	slotFrom
	slotTransport
	slotAction
	slotCategory
	slotOutcome
	slotCode
	slotGroup
	slotTarget
	slotProgram
	slotParent
	slotService
	slotCommand
	slotQuestion
	slotQuestionType
	slotAnswers
	slotResponse
	slotDomain
	slotURL
	slotBytes
	slotSent
	slotReceived
	slotKind // native: what tells the kinds of records of one dialect apart
	slotName // native: the name of what is given or read
	slotBy   // native: who gave it
	slotMember
	slotLogon // native: how somebody logged on
	sightSlots
)

// ecsSlots are the slots that are found by their ECS names.
var ecsSlots = [sightSlots]string{
	slotHost: "host.name", slotUser: "user.name", slotSource: "source.ip", slotDestination: "destination.ip",
	slotPort: "destination.port", slotFrom: "source.port", slotTransport: "network.transport", slotAction: "event.action", slotCategory: "event.category",
	slotOutcome: "event.outcome", slotCode: "event.code", slotGroup: "group.name", slotTarget: "user.target.name",
	slotProgram: "process.executable", slotParent: "process.parent.executable", slotService: "process.name",
	slotCommand: "process.command_line", slotQuestion: "dns.question.name", slotQuestionType: "dns.question.type",
	slotAnswers: "dns.answers", slotResponse: "dns.response_code", slotDomain: "url.domain", slotURL: "url.original", slotBytes: "network.bytes",
	slotSent: "source.bytes", slotReceived: "destination.bytes",
}

// newSightPlan works out what detectors want of the events of a shape.
func newSightPlan(s *event.Shape) *sightPlan {
	p := &sightPlan{batch: -1}
	if s.Format == nil || s.Format.LogSource.Product == "tocsin" {
		return p
	}
	p.dataset, p.tally = s.Format.Name, true
	if p.slot[slotCode] = s.ECS(ecsSlots[slotCode]); s.Format.LogSource.Product == "windows" && p.slot[slotCode].Found() {
		p.read = (*sights).windows
	} else {
		p.find(s)
		p.read = readerOf(p, s)
	}
	p.hostAt, p.serviceAt = plainField(s, "host.name"), -1
	if p.dataset == "syslog" || p.dataset == "journal" { // elsewhere the format says it already
		p.serviceAt = plainField(s, "process.name")
	}
	return p
}

// find finds the fields that have ECS names.
func (p *sightPlan) find(s *event.Shape) {
	for slot, name := range ecsSlots {
		if name != "" {
			p.slot[slot] = s.ECS(name)
		}
	}
}

// findWindows finds the fields of an event of Windows. Windows has very many kinds of events, each with fields of its own,
// of which few are read: so it is done for those alone.
func (p *sightPlan) findWindows(s *event.Shape) {
	p.full = true
	p.find(s)
	p.native(s, slotMember, "MemberName", "MemberSid")
	p.native(s, slotBy, "SubjectUserName")
	p.native(s, slotLogon, "LogonType")
	p.native(s, slotGroup, "TargetUserName")
	p.native(s, slotName, "TargetSid")
}

// native finds a field by the first of the names that is there.
func (p *sightPlan) native(s *event.Shape, slot int, names ...string) bool {
	for _, n := range names {
		if p.slot[slot] = s.Slot(n); p.slot[slot].Found() {
			return true
		}
	}
	return false
}

// plainField returns the place of a field by its ECS name that can be read without looking into others, -1 for none.
func plainField(s *event.Shape, name string) int {
	for _, n := range append([]string{name}, s.Format.ECS[name]...) {
		if i := slices.Index(s.Fields(), n); i >= 0 {
			return i
		}
	}
	return -1
}

// readerOf chooses the reader of a shape, nil where there is none.
func readerOf(p *sightPlan, s *event.Shape) sightReader {
	native := func(slot int, names ...string) bool { return p.native(s, slot, names...) }
	src, flow := s.Format.LogSource, p.slot[slotSource].Found() && p.slot[slotDestination].Found()
	switch {
	case s.Format.Name == "cloudtrail":
		native(slotKind, "userIdentity.type")
		native(slotName, "requestParameters.policyArn", "requestParameters.policyName", "requestParameters.groupName")
		native(slotOutcome, "errorCode")
		return (*sights).cloudTrail
	case src.Product == "azure", src.Product == "okta", src.Product == "m365", src.Product == "gcp":
		native(slotName, "Role.DisplayName", "properties.targetResources.modifiedProperties.newValue", "targetResources.modifiedProperties.newValue", "ModifiedProperties.NewValue",
			"protoPayload.serviceData.policyDelta.bindingDeltas.role", "target.displayName", "events.parameters.value", "debugContext.debugData.privilegeGranted")
		native(slotMember, "properties.targetResources.userPrincipalName", "targetResources.userPrincipalName", "ObjectId", "protoPayload.serviceData.policyDelta.bindingDeltas.member",
			"target.alternateId")
		return (*sights).cloud
	case s.Format.Name == "auditd":
		native(slotKind, "type")
		native(slotCode, "SYSCALL", "syscall")
		native(slotOutcome, "res", "success")
		return (*sights).auditd
	case s.Format.Name == "suricata" && native(slotKind, "event_type"):
		native(slotSent, "flow.bytes_toserver")
		native(slotReceived, "flow.bytes_toclient")
		native(slotProgram, "http.length")
		return (*sights).suricata
	case src.Product == "zeek" && native(slotKind, "_path"):
		return (*sights).zeek
	case src.Product == "zeek":
		return zeekReader(src.Service)
	case src.Category == "dns" || p.slot[slotQuestion].Found():
		if !p.slot[slotResponse].Found() { // dnsmasq and Unbound say it in these
			native(slotResponse, "dns.answers.data", "event.reason")
		}
		return (*sights).dns
	case src.Category == "proxy" || s.Format.Name == "squid":
		return (*sights).proxy
	case (src.Category == "firewall" || src.Service == "netflow" || src.Service == "vpcflow") && flow:
		return (*sights).flow
	case p.slot[slotCategory].Found():
		return (*sights).told
	}
	return nil
}

type sightReader = func(w *sights, p *sightPlan, ev *event.Event)

func zeekReader(log string) sightReader {
	switch log {
	case "conn":
		return (*sights).flow
	case "dns":
		return (*sights).dns
	case "http", "ssl":
		return (*sights).proxy
	}
	return nil
}

// zeek reads records that name their log.
func (w *sights) zeek(p *sightPlan, ev *event.Event) {
	if read := zeekReader(p.raw(slotKind, ev)); read != nil {
		read(w, p, ev)
	}
}

// adminGroups are the groups and roles, in small letters, whose members may do everything, or may give themselves the
// rights to.
var adminGroups = []string{
	"root", "sudo", "wheel", "admin", "admins", "docker", "lxd", "disk", "shadow", "administrators", "domain admins", "enterprise admins",
	"schema admins", "account operators", "backup operators", "server operators", "dnsadmins", "group policy creator owners",
	"key admins", "enterprise key admins", "administratoren", "administrateurs", "administradores",
	"global administrator", "privileged role administrator", "company administrator", "privileged authentication administrator",
	"security administrator", "user administrator", "exchange administrator", "sharepoint administrator", "application administrator",
	"cloud application administrator", "super administrator", "org administrator", "app administrator", "user access administrator", "owner",
	"roles/owner", "roles/editor", "roles/iam.securityadmin", "roles/resourcemanager.organizationadmin", "_seed_admin_role",
	"administratoraccess", "poweruseraccess", "iamfullaccess",
}

// adminIDs end the identifiers of Windows' groups of that kind. Source: Microsoft, "Well-known SIDs".
var adminIDs = []string{"-32-544", "-32-548", "-32-549", "-32-551", "-512", "-518", "-519", "-520", "-526", "-527"}

func isAdminGroup(name string) bool {
	name = strings.ToLower(strings.Trim(name, `"[] `))
	name = name[strings.LastIndexAny(name, `\:`)+1:]
	if slices.Contains(adminGroups, name) {
		return true
	}
	if i := strings.LastIndexByte(name, '/'); i >= 0 && slices.Contains(adminGroups, name[i+1:]) {
		return true
	}
	if strings.HasPrefix(name, "s-1-5-") {
		for _, id := range adminIDs {
			if strings.HasSuffix(name, id) {
				return true
			}
		}
	}
	return false
}
