package event

import "testing"

// wide is text as EVTX holds it.
func wide(s string) Value {
	var raw []byte
	for _, c := range []byte(s) {
		raw = append(raw, c, 0)
	}
	return Value{Raw: string(raw), Kind: UTF16}
}

func TestWindowsNames(t *testing.T) {
	cases := []struct {
		name   string
		fields map[string]string
		ask    string
		want   string
	}{
		{"a logon's account", map[string]string{"SubjectUserName": "svc", "TargetUserName": "ann"}, "user.name", "ann"},
		{"no target", map[string]string{"SubjectUserName": "ann", "TargetUserName": "-"}, "user.name", "ann"},
		{"Sysmon", map[string]string{"User": `LAB\ann`, "Image": `C:\a.exe`}, "user.name", `LAB\ann`},
		{"a program by Security", map[string]string{"NewProcessName": `C:\a.exe`, "ParentProcessName": `C:\b.exe`}, "process.executable", `C:\a.exe`},
		{"the one that started it", map[string]string{"NewProcessName": `C:\a.exe`, "ParentProcessName": `C:\b.exe`}, "process.parent.executable", `C:\b.exe`},
		{"an address", map[string]string{"IpAddress": "192.0.2.7"}, "source.ip", "192.0.2.7"},
		{"who was refused at remote desktop", map[string]string{"IPString": "192.0.2.7"}, "source.ip", "192.0.2.7"},
		{"the native name", map[string]string{"EventID": "1"}, "eventid", "1"},
		{"blanks in names", map[string]string{"Process Name": "x"}, "ProcessName", "x"},
		{"not there", map[string]string{"EventID": "1"}, "source.ip", ""},
	}
	for _, c := range cases {
		var names []string
		var values []Value
		for n, v := range c.fields {
			names, values = append(names, n), append(values, wide(v))
		}
		e := Event{Shape: NewShape(WindowsFormat, names...), Values: values}
		if got := e.Get(c.ask).String(); got != c.want {
			t.Errorf("%s: %s is %q, want %q", c.name, c.ask, got, c.want)
		}
	}
}
