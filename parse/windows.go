package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Windows events travel as JSON in many dresses. All get the names that Windows itself gives the fields, as
// event.WindowsFormat has them and as EVTX files yield them: System elements as Element or Element_Attribute, the
// members of EventData and UserData as they are.

// windows arranges the fields of a Windows event, if it is one.
func (l *layout) windows() bool {
	switch {
	case l.nestedWindows():
	case l.has("winlog."), l.hasAll("event_data.", "log_name"), l.hasAll("event_id", "log_name", "source_name"):
		l.winlogbeat()
	case l.hasAll("channel", "event_data.", "event_id.id"): // OpenTelemetry
		l.openTelemetry()
	case l.has("data.win.system.eventID"):
		l.wazuh()
	case l.flatWindows():
	default:
		return false
	}
	l.format = event.WindowsFormat
	l.times = append(l.times, timeName{name: "TimeCreated", utc: true}, timeName{name: "UtcTime", utc: true},
		timeName{name: "EventTime", zoned: true}, timeName{name: "TimeGenerated", utc: true}, timeName{name: "@timestamp", utc: true},
		timeName{name: "EventTime"}, timeName{name: "event.created"}, timeName{name: "EventReceivedTime"})
	l.usualTimes()
	return true
}

// systemPrefix returns what stands before "System." in the names of a nested event: "Event." as a rule, something longer where a tool
// wraps the event, or nothing.
func (l *layout) systemPrefix() (string, bool) {
	for _, n := range l.names {
		i := strings.Index(n, "System.")
		if i < 0 || i > 0 && n[i-1] != '.' {
			continue
		}
		switch rest := n[i+len("System."):]; {
		case rest == "EventID", strings.HasPrefix(rest, "EventID."), strings.HasPrefix(rest, "Provider"), rest == "Channel":
			return n[:i], true
		}
	}
	return "", false
}

// nestedWindows arranges an event whose JSON mirrors its XML: Event/System/EventData/UserData.
func (l *layout) nestedWindows() bool {
	prefix, ok := l.systemPrefix()
	if !ok {
		return false
	}
	var head, data, rest []int
	names := make([]string, len(l.names))
	for i, n := range l.names {
		inner, in := strings.CutPrefix(n, prefix)
		switch {
		case in && strings.HasPrefix(inner, "System."):
			names[i] = systemName(inner[len("System."):])
			head = append(head, i)
		case in && strings.HasPrefix(inner, "EventData."):
			names[i] = dataName(inner[len("EventData."):])
			data = append(data, i)
		case in && strings.HasPrefix(inner, "UserData."):
			inner = inner[len("UserData."):]
			if _, name, nested := strings.Cut(inner, "."); nested {
				inner = name
			}
			names[i] = dataName(inner)
			data = append(data, i)
		case in && strings.HasPrefix(inner, "RenderingInfo."):
			names[i] = systemName(inner)
			rest = append(rest, i)
		default:
			names[i] = inner
			if prefix == "" || !in {
				names[i] = n
			}
			rest = append(rest, i)
		}
	}
	from := l.from
	l.names, l.from = nil, nil
	for _, part := range [][]int{head, data, rest} {
		for _, i := range part {
			l.names, l.from = append(l.names, names[i]), append(l.from, from[i])
		}
	}
	l.drop(func(name string) bool {
		switch name {
		case "Correlation", "Security": // empty elements
			return true
		}
		return strings.Contains(name, "xmlns") || name == "" || strings.HasPrefix(name, "#attributes") || strings.Contains(name, "auto-ns")
	})
	return true
}

// systemName turns the path of a member of System into a name: "Provider.#attributes.Name", "Provider.@Name",
// "Provider_attributes.Name" and "Provider.Name" are Provider_Name.
func systemName(path string) string {
	parts := strings.Split(path, ".")
	kept := parts[:0]
	for _, part := range parts {
		switch part {
		case "#attributes", "$attributes", "$", "#text", "_attributes", "_text", "attributes":
			continue
		}
		part = strings.TrimSuffix(part, "_attributes")
		if len(part) > 1 && (part[0] == '@' || part[0] == '-') {
			part = part[1:]
		}
		kept = append(kept, part)
	}
	switch name := strings.Join(kept, "_"); name {
	case "TimeCreated_SystemTime":
		return "TimeCreated"
	case "EventID_Value", "EventID_ID":
		return "EventID"
	case "Security_UserId":
		return "Security_UserID"
	default:
		return name
	}
}

// dataName turns the path of a member of EventData or of UserData's element into a name.
func dataName(path string) string {
	path = strings.TrimSuffix(strings.TrimSuffix(path, ".#text"), "._text")
	path = strings.TrimPrefix(path, "Data.") // named data
	if rest, ok := strings.CutPrefix(path, "#attributes."); ok {
		if rest == "Name" {
			return "EventData_Name"
		}
		return "#attributes." + rest
	}
	return path
}

// winlogbeat arranges what Winlogbeat and Elastic Agent ship: since version 7 below "winlog", before that at the top.
// Its names of the Elastic Common Schema stay.
func (l *layout) winlogbeat() {
	for i, n := range l.names {
		n = strings.TrimPrefix(n, "winlog.")
		if rest, ok := strings.CutPrefix(n, "event_data."); ok {
			l.names[i] = rest
		} else if rest, ok := strings.CutPrefix(n, "user_data."); ok {
			l.names[i] = rest
		} else if name := winlogName(n); name != "" {
			l.names[i] = name
		}
	}
	l.index()
	l.rename("event.code", "EventID")
	l.rename("host.name", "Computer")
	l.rename("computer_name", "Computer")
}

func winlogName(n string) string {
	switch n {
	case "channel", "log_name":
		return "Channel"
	case "event_id":
		return "EventID"
	case "provider_name", "source_name":
		return "Provider_Name"
	case "provider_guid":
		return "Provider_Guid"
	case "computer_name":
		return "Computer"
	case "record_id", "record_number":
		return "EventRecordID"
	case "process.pid", "process_id":
		return "Execution_ProcessID"
	case "process.thread.id", "thread_id":
		return "Execution_ThreadID"
	case "activity_id":
		return "Correlation_ActivityID"
	case "related_activity_id":
		return "Correlation_RelatedActivityID"
	case "user.identifier":
		return "Security_UserID"
	case "keywords":
		return "Keywords"
	case "opcode":
		return "Opcode"
	case "task":
		return "Task"
	case "version":
		return "Version"
	}
	return ""
}

func (l *layout) openTelemetry() {
	l.strip("event_data.")
	for from, to := range map[string]string{
		"channel": "Channel", "computer": "Computer", "event_id.id": "EventID", "event_id.qualifiers": "EventID_Qualifiers",
		"provider.name": "Provider_Name", "provider.guid": "Provider_Guid", "record_id": "EventRecordID", "system_time": "TimeCreated",
		"level": "Level", "task": "Task", "opcode": "Opcode", "keywords": "Keywords", "message": "Message",
	} {
		l.rename(from, to)
	}
}

func (l *layout) wazuh() {
	for i, n := range l.names {
		if rest, ok := strings.CutPrefix(n, "data.win.eventdata."); ok {
			l.names[i] = rest
		}
	}
	l.index()
	for from, to := range map[string]string{
		"eventID": "EventID", "providerName": "Provider_Name", "providerGuid": "Provider_Guid", "channel": "Channel", "computer": "Computer",
		"systemTime": "TimeCreated", "eventRecordID": "EventRecordID", "processID": "Execution_ProcessID", "threadID": "Execution_ThreadID",
		"level": "Level", "task": "Task", "opcode": "Opcode", "keywords": "Keywords", "version": "Version", "message": "Message",
		"severityValue": "SeverityValue",
	} {
		l.rename("data.win.system."+from, to)
	}
}

// flatWindows arranges an event whose System and EventData members stand side by side: NXLog, Fluentd, Azure's tables,
// PowerShell's ConvertTo-Json and others.
func (l *layout) flatWindows() bool {
	powershell := l.hasAll("Id", "LogName", "ProviderName")
	id := l.hasAny("EventID", "EventId", "event_id", "Event_ID", "EventCode")
	source := l.hasAny("Channel", "SourceName", "ProviderName", "Provider_Name", "LogName", "EventSourceName", "EventLog", "SourceModuleType",
		"Provider", "ProviderGuid", "ComputerName", "SubjectUserSid", "WinEventLog")
	if !powershell && !(id && source) {
		return false
	}
	for _, prefix := range [...]string{"EventData.", "event_data.", "ExtraEventData.", "UserData."} {
		if l.has(prefix) {
			l.strip(prefix)
		}
	}
	if powershell {
		l.rename("Id", "EventID")
		l.rename("ProcessId", "Execution_ProcessID")
		l.rename("ThreadId", "Execution_ThreadID")
	}
	for _, n := range flatWindowsNames {
		l.rename(n[0], n[1])
	}
	if at, ok := l.places["EventLog"]; ok {
		l.add("Channel", at)
	}
	return true
}

// flatWindowsNames are other names of the fields that Windows has for every event; of several the first wins.
var flatWindowsNames = [...][2]string{
	{"EventId", "EventID"},
	{"event_id", "EventID"},
	{"Event_ID", "EventID"},
	{"EventCode", "EventID"},
	{"Provider.Name", "Provider_Name"},
	{"Provider.Guid", "Provider_Guid"},
	{"ProviderName", "Provider_Name"},
	{"EventSourceName", "Provider_Name"},
	{"SourceName", "Provider_Name"},
	{"Provider", "Provider_Name"},
	{"ProviderGuid", "Provider_Guid"},
	{"ProviderGUID", "Provider_Guid"},
	{"LogName", "Channel"},
	{"channel", "Channel"},
	{"ComputerName", "Computer"},
	{"MachineName", "Computer"},
	{"Hostname", "Computer"},
	{"HostName", "Computer"},
	{"computer", "Computer"},
	{"RecordNumber", "EventRecordID"},
	{"RecordId", "EventRecordID"},
	{"RecordID", "EventRecordID"},
	{"EventRecordId", "EventRecordID"},
	{"Qualifiers", "EventID_Qualifiers"},
	{"ActivityID", "Correlation_ActivityID"},
	{"RelatedActivityID", "Correlation_RelatedActivityID"},
	{"ExecutionProcessID", "Execution_ProcessID"},
	{"SystemProcessId", "Execution_ProcessID"},
	{"SystemThreadId", "Execution_ThreadID"},
	{"SystemUserId", "Security_UserID"},
}
