package console

// Framework is a catalogue of requirements, of which tocsin can show how some are met.
type Framework struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Source string `json:"source" doc:"Where its controls stand."`
}

// frameworks are those that the report knows.
var frameworks = [...]Framework{
	{"csf", "NIST CSF 2.0", "NIST CSWP 29, The NIST Cybersecurity Framework (CSF) 2.0, 2024-02-26"},
	{"pci", "PCI DSS 4.0.1", "PCI Security Standards Council, Payment Card Industry Data Security Standard v4.0.1, June 2024"},
	{"iso", "ISO/IEC 27001:2022", "ISO/IEC 27001:2022, Annex A"},
	{"hipaa", "HIPAA Security Rule", "45 CFR Part 164, Subpart C"},
}

// What evidence there is; see proofs.
const (
	proofLogs      = "logs"
	proofKept      = "retention"
	proofWatch     = "monitoring"
	proofJudged    = "review"
	proofResponse  = "response"
	proofTold      = "notification"
	proofCases     = "cases"
	proofIntegrity = "integrity"
	proofAccess    = "access"
	proofBackup    = "backup"
)

// control is a requirement: what it asks for in our words, which evidence speaks to it, and what no evidence of ours can show.
type control struct {
	framework, id, asks string
	proofs              []string
	beyond              string
}

// controls are all that tocsin has something to say to. The identifiers are those of the sources in frameworks; the words are
// our own and replace none of theirs.
var controls = [...]control{
	{"csf", "PR.AA-01", "Who may use a system is known and managed.", []string{proofAccess}, "The users of other systems than tocsin."},
	{"csf", "PR.AA-03", "Users prove who they are.", []string{proofAccess}, "How people log in elsewhere."},
	{"csf", "PR.AA-05", "Each may do what the work needs, and no more.", []string{proofAccess}, "Whether a role fits the work of who has it."},
	{"csf", "PR.DS-11", "Backups are made, protected and tried.", []string{proofBackup}, "Backups of other systems; whether one was restored as a trial."},
	{"csf", "PR.PS-04", "Systems write logs that can be watched.", []string{proofLogs, proofKept}, "Systems that send nothing: compare the sources with the inventory."},
	{"csf", "DE.CM-01", "Networks are watched for what may be harmful.", []string{proofLogs, proofWatch}, "Parts of the network without a sensor or a firewall that reports."},
	{"csf", "DE.CM-03", "What people do with systems is watched.", []string{proofLogs, proofWatch}, "What leaves no log."},
	{"csf", "DE.CM-09", "Machines and the software on them are watched.", []string{proofLogs, proofWatch}, "Machines that send nothing."},
	{"csf", "DE.AE-02", "What is found is looked into.", []string{proofJudged}, "How well it was looked into."},
	{"csf", "DE.AE-03", "What several sources say is put together.", []string{proofLogs, proofWatch}, ""},
	{"csf", "DE.AE-06", "Those who must know are told.", []string{proofTold}, "Whether a message was read."},
	{"csf", "DE.AE-08", "Incidents are declared by agreed criteria.", []string{proofJudged}, "The criteria: they are the organisation's to write."},
	{"csf", "RS.MA-02", "Reports of incidents are sorted and confirmed.", []string{proofJudged}, ""},
	{"csf", "RS.MA-03", "Incidents are put in order of their weight.", []string{proofJudged}, ""},
	{"csf", "RS.AN-03", "It is found out what happened, and why.", []string{proofCases}, "Whether the cause was found."},
	{"csf", "RS.AN-06", "What was done meanwhile is recorded and cannot be changed unseen.", []string{proofIntegrity, proofCases}, "What people did outside tocsin."},
	{"csf", "RS.AN-07", "Data about incidents is collected and kept as it was.", []string{proofIntegrity, proofCases, proofKept}, ""},
	{"csf", "RS.MI-01", "Incidents are contained.", []string{proofResponse}, "What was contained without tocsin."},
	{"csf", "RS.CO-02", "Those inside and outside who must know are told of incidents.", []string{proofTold}, "Duties to tell authorities and customers."},

	{"pci", "7.2", "Access is given by need, and only as much.", []string{proofAccess}, "Access to other systems, and to card data."},
	{"pci", "8.4", "More than a password is asked for.", []string{proofAccess}, "Log-ins to other systems."},
	{"pci", "10.2", "Audit logs are written that let unusual things be found.", []string{proofLogs}, "Whether every system in scope writes all that 10.2.1 lists."},
	{"pci", "10.3", "Audit logs are kept from being destroyed or changed.", []string{proofIntegrity, proofBackup}, "Logs before they came here."},
	{"pci", "10.4.1.1", "Logs are looked through by machine.", []string{proofWatch, proofJudged}, ""},
	{"pci", "10.5.1", "Logs are kept for twelve months, the last three at hand.", []string{proofKept}, "Logs that are archived elsewhere."},
	{"pci", "10.7", "A failure of what keeps watch is noticed and mended.", []string{proofLogs, proofTold}, "Failures of controls that send no log."},
	{"pci", "11.5.1", "Intrusions are found, and people are told.", []string{proofWatch, proofTold}, "Traffic that no sensor sees."},
	{"pci", "12.10.5", "What watches systems raises alarms that are answered.", []string{proofWatch, proofResponse, proofJudged}, "The written plan of 12.10.1."},

	{"iso", "A.5.15", "Rules say who may do what.", []string{proofAccess}, "Access to other systems."},
	{"iso", "A.5.25", "Events are weighed, and it is decided which are incidents.", []string{proofJudged}, ""},
	{"iso", "A.5.26", "Incidents are answered as was agreed.", []string{proofResponse, proofJudged}, "The written procedure."},
	{"iso", "A.5.27", "What was learnt makes the next one less likely.", []string{proofWatch, proofCases}, "Changes outside tocsin."},
	{"iso", "A.5.28", "Evidence is found, collected and kept.", []string{proofIntegrity, proofCases}, "Whether a court would take it."},
	{"iso", "A.8.5", "Log-ins are secure.", []string{proofAccess}, "Log-ins to other systems."},
	{"iso", "A.8.13", "Backups are made and tried.", []string{proofBackup}, "Backups of other systems; whether one was restored as a trial."},
	{"iso", "A.8.15", "Logs are written, kept, protected and looked at.", []string{proofLogs, proofKept, proofIntegrity, proofWatch}, "Systems that send nothing: compare the sources with the inventory."},
	{"iso", "A.8.16", "Networks, systems and applications are watched for what is unusual.", []string{proofLogs, proofWatch, proofJudged}, ""},

	{"hipaa", "164.308(a)(1)(ii)(D)", "Records of what systems did are looked at regularly.", []string{proofWatch, proofJudged}, ""},
	{"hipaa", "164.308(a)(5)(ii)(C)", "Log-ins are watched.", []string{proofLogs, proofWatch}, "Systems whose log-ins are not sent here."},
	{"hipaa", "164.308(a)(6)(ii)", "Incidents are found, answered, limited and written down.", []string{proofJudged, proofResponse, proofCases}, ""},
	{"hipaa", "164.308(a)(7)(ii)(A)", "There are copies from which data can be had back.", []string{proofBackup}, "Backups of health records."},
	{"hipaa", "164.312(a)(1)", "Only those get in who were given access.", []string{proofAccess}, "Access to health records."},
	{"hipaa", "164.312(b)", "What happens in systems is recorded and examined.", []string{proofLogs, proofWatch}, "Systems that send nothing."},
	{"hipaa", "164.312(c)(1)", "Data is kept from being changed or destroyed wrongly.", []string{proofIntegrity}, "Health records themselves: this speaks of logs and of what people decided."},
	{"hipaa", "164.312(d)", "Who asks for access proves who he is.", []string{proofAccess}, "Log-ins to other systems."},
	{"hipaa", "164.316(b)(2)(i)", "What was done is documented and kept for six years.", []string{proofIntegrity, proofKept}, "Policies and other documents."},
}
