package report

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/detect"
)

// tellingFields are the fields that say most about an event beside those that matched, the most telling first.
var tellingFields = []string{
	"CommandLine", "ProcessCommandLine", "process.command_line", "ScriptBlockText", "cs-uri", "eventName", "Threat Name", "QueryName",
	"Image", "NewProcessName", "exe", "process.name", "ParentCommandLine", "ParentImage", "ParentProcessName",
	"SourceImage", "TargetImage", "TargetObject", "Details", "TargetFilename", "ServiceName", "ImagePath", "TaskName", "ObjectName",
	"User", "SubjectUserName", "TargetUserName", "MemberName", "LogonType", "WorkstationName", "IpAddress",
	"DestinationHostname", "DestinationIp", "DestinationPort", "cs-method", "cs-uri-stem", "sc-status", "cs-user-agent", "c-ip",
	"eventSource", "errorCode", "userAgent", "sourceIPAddress", "awsRegion",
	"src_ip", "dst_ip", "dst_port", "user.name", "source.ip", "process.working_directory", "cwd", "uid",
	"event.action", "EventID", "Channel", "message", "msg", "Message",
}

// lastFields are told only where an event has hardly any of the others.
var lastFields = []string{"event.action", "EventID", "Channel", "message", "msg", "Message"}

const (
	maxContext      = 4   // fields told beside those that matched
	maxContextValue = 300 // bytes
)

// context returns what else is worth knowing of a hit's event: nothing that the hit says already.
func context(h *detect.Hit) []field {
	if len(h.Event) == 0 {
		return nil
	}
	var event map[string]json.RawMessage
	if json.Unmarshal(h.Event, &event) != nil {
		return nil
	}
	var list []field
	for _, name := range tellingFields {
		raw, ok := event[name]
		if !ok {
			continue
		}
		value := plainValue(raw)
		if value == "" || value == "-" || said(h, name, value) || len(list) > 1 && slices.Contains(lastFields, name) {
			continue
		}
		if len(value) > maxContextValue {
			value = value[:runeStart(value, maxContextValue)] + "…"
		}
		if list = append(list, field{name, strings.Clone(value)}); len(list) == maxContext {
			break
		}
	}
	return list
}

// plainValue returns a JSON value as a person would write it; "" for null and for what is empty.
func plainValue(raw json.RawMessage) string {
	var s string
	switch {
	case len(raw) == 0 || string(raw) == "null" || string(raw) == "[]" || string(raw) == "{}":
		return ""
	case raw[0] == '"' && json.Unmarshal(raw, &s) == nil:
		return s
	}
	return string(raw)
}

// said tells whether the hit says a value of its event already.
func said(h *detect.Hit, name, value string) bool {
	for i := range h.Matched {
		if m := &h.Matched[i]; m.Field == name || len(value) > 3 && m.Value == value || len(value) > 8 && strings.Contains(m.Value, value) {
			return true
		}
	}
	e := &h.Entities
	return slices.Contains(e.Hosts, value) || slices.Contains(e.Users, value) || slices.Contains(e.Addresses, value)
}
