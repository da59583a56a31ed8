package query

// Topic is a part of the language, for its reference page.
type Topic struct {
	Title   string
	Doc     string
	Entries []Entry
}

// Entry is one thing that can be written.
type Entry struct {
	Form    string   // how it is written
	Doc     string   // what it means
	Example string   // a whole query
	Also    []string // whole queries that mean the same, as people write them elsewhere
}

// Reference describes the whole language. Every example parses, and every Also means what its Example does.
func Reference() []Topic {
	return []Topic{
		{"Words", "What is not bound to a field is looked for in the record's text and in all fields. Case does not matter. " +
			"Conditions that stand side by side must all hold.", wordEntries()},
		{"Fields", "Fields have their native names, or those of the Elastic Common Schema: user.name, source.ip, host.name. " +
			"A name that is found as it is written wins; else case does not matter. Names with spaces stand in quotes. " +
			"message is the record's text.", fieldEntries()},
		{"Together", "\"and\" binds tighter than \"or\"; parentheses group.", logicEntries()},
		{"Pipes", "What follows a | works on the rows that come from what stands before it.", pipeEntries()},
		{"Functions", "Of stats and timechart. \"as\" gives the column another name.", functionEntries()},
	}
}

func wordEntries() []Entry {
	return []Entry{
		{"word", "The word, whole: root finds root and root@host, but not rootkit.", "root", nil},
		{"9f86d081884c7d65", "A hexadecimal identifier (hash, GUID; eight digits or more) is found as it is typed, in small letters and in capitals, not in mixed case: so it is found at once.", "9f86d081884c7d65", nil},
		{`"a phrase"`, "The words in this order, as they are punctuated.", `"failed password"`, []string{`'failed password'`}},
		{"wor*  *ord  w?rd", "* is any characters, ? is one. Where it stands at an end, the word may go on.", "fail*", nil},
		{"/regex/", "A regular expression (RE2) that matches somewhere in a field. Here case matters; /regex/i: it does not.", "/Failed (password|publickey)/", nil},
		{"10.0.0.0/8", "An address of this network, in any field or in the text.", "10.0.0.0/8", []string{"*:10.0.0.0/8"}},
		{`\`, `Makes the next character mean itself: \* \? \" \\. In paths it may be written as it is: C:\Windows.`, `"50\*"`, nil},
	}
}

func fieldEntries() []Entry {
	return []Entry{
		{"field:value", "The field holds the word or phrase.", "user.name:root", []string{"user.name : root"}},
		{"field=value", "The whole value, whatever its case; * and ? as in words.", "user.name=admin*", []string{"user.name = admin*"}},
		{`field:="Value"`, "The whole value, exactly as written.", `user.name:="Root"`, []string{`user.name=="Root"`, "user.name:exact(Root)"}},
		{"field!=value", "Not that value; holds, too, where there is no such field.", "user.name!=root", []string{"not user.name=root", "-user.name=root", "user.name:!=root"}},
		{"field:*", "There is a value.", "user.name:*", []string{`not user.name:""`}},
		{"field:(a or b)", "Several values of one field.", "user.name:(root or admin)", []string{"user.name:root or user.name:admin", "user.name:(root, admin)"}},
		{"field in (a, b)", "The value is one of these.", "user.name in (root, admin)", []string{"user.name:in(root, admin)", "user.name=(root or admin)"}},
		{"field>5  >=  <  <=", "Numbers as numbers, addresses as addresses, all else in the order of text.", "bytes>1000000", []string{"bytes:>1000000", "bytes > 1000000"}},
		{"field:[1 TO 9]", "From 1 to 9; {1 TO 9} leaves the bounds out; * leaves an end open.", "destination.port:[1 TO 1023]", []string{"destination.port:1..1023", "destination.port:range[1, 1023]"}},
		{"field:10.0.0.0/8", "An address of this network; IPv6, too.", "source.ip:10.0.0.0/8", []string{"source.ip=10.0.0.0/8", "source.ip:ipv4_range(10.0.0.0/8)", "source.ip:cidr(10.0.0.0/8)"}},
		{"field:/regex/", "A regular expression that matches somewhere in the value.", "url.path:/^.admin/", []string{`url.path=~"^.admin"`, `url.path:~"^.admin"`, `url.path:re("^.admin")`}},
		{"field:*text*", "The text stands somewhere in the value, within words, too.", "process.command_line:*mimikatz*", []string{"process.command_line:contains(mimikatz)"}},
		{"_time:2026-01-31", "All of that day, hour, month …; with > >= < <= and [ TO ] as well. UTC unless a zone is stated.", "_time:>=2026-01-31T10:00", nil},
	}
}

func logicEntries() []Entry {
	return []Entry{
		{"a b", "Both.", "failed root", []string{"failed and root", "failed AND root", "failed && root", "+failed +root"}},
		{"a or b", "One of them, or both.", "failed or invalid", []string{"failed OR invalid", "failed || invalid"}},
		{"not a", "Not that.", "failed not root", []string{"failed -root", "failed !root", "failed AND NOT root"}},
		{"(a or b) c", "Groups.", "(failed or invalid) root", nil},
	}
}

func pipeEntries() []Entry {
	return []Entry{
		{
			"| stats f, g by a, b", "One row for each combination of values; time in steps by _time:1h, numbers by bytes:1000.", "failed | stats count, dc(user.name) by source.ip",
			[]string{"failed | stats by (source.ip) count(), dc(user.name)", "failed | count, dc(user.name) by source.ip"},
		},
		{"| top 10 a, b", "The values that stand in the most events, with their count. After stats: the groups with the most.", "failed | top 10 source.ip", []string{"failed | top limit=10 source.ip", "failed | top source.ip"}},
		{"| rare 10 a", "Those that stand in the fewest.", "* | rare 10 process.name", nil},
		{"| timechart 1h by a", "How many for each step of time; or another function: timechart 5m dc(user.name).", "failed | timechart 1h by dataset", []string{"failed | timechart span=1h count by dataset"}},
		{"| sort -a, b", "In this order; - is largest first. sort 10 -a keeps ten.", "* | stats count by user.name | sort -count", []string{"* | stats count by user.name | sort by (count desc)"}},
		{"| head 10", "The first ten: of events, the oldest.", "failed | head 10", []string{"failed | limit 10", "failed | first 10"}},
		{"| tail 10", "The last ten: of events, the newest.", "failed | tail 10", []string{"failed | last 10"}},
		{"| fields a, b", "Only these columns; drop a, b: all but these.", "failed | fields _time, user.name", []string{"failed | table _time user.name"}},
		{"| uniq a, b", "Each combination of values once.", "failed | uniq user.name", []string{"failed | uniq by (user.name)", "failed | dedup user.name"}},
		{"| where condition", "Only rows for which this holds, also after stats.", "failed | stats count by source.ip | where count>100", []string{"failed | stats count by source.ip | filter count:>100"}},
	}
}

func functionEntries() []Entry {
	return []Entry{
		{"count", "How many events; count(a): how many of them have a.", "* | stats count", []string{"* | stats count()", "* | count"}},
		{"dc(a)", "How many different values.", "* | stats dc(user.name)", []string{"* | stats count_distinct(user.name) as \"dc(user.name)\"", "* | stats count_uniq(user.name)"}},
		{"min(a)  max(a)", "The smallest and the largest value; of _time, the first and the last.", "* | stats min(_time) as first, max(_time) as last by user.name", nil},
		{"sum(a)  avg(a)", "The sum and the mean of the numbers.", "* | stats sum(bytes), avg(bytes) by source.ip", nil},
		{"values(a)", "The different values, up to a hundred.", "* | stats values(user.name) by source.ip", nil},
	}
}
