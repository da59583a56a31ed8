package sigma

// ModifierWords says what one modifier does to the values of its item.
type ModifierWords struct {
	Names []string // the modifier and its other names
	Text  string   // one or two sentences, Markdown
}

// Modifiers returns all modifiers with what they do, for the reference. Source: Sigma specification 2.1, appendix
// "Modifiers".
func Modifiers() []ModifierWords {
	return []ModifierWords{
		{[]string{"contains"}, "The value stands anywhere in the field."},
		{[]string{"startswith"}, "The field begins with the value."},
		{[]string{"endswith"}, "The field ends with the value."},
		{[]string{"all"}, "All values of the list must match, not only one of them."},
		{[]string{"neq"}, "The item does not match: the field is something else, or is not there."},
		{[]string{"exists"}, "`true`: the event has the field; `false`: it does not."},
		{[]string{"cased"}, "Upper and lower case are told apart."},
		{[]string{"windash"}, "Each dash or slash that begins an option stands for any of `-`, `/`, `–`, `—`, `―`."},
		{[]string{"re"}, "The value is a regular expression, looked for anywhere in the field, in RE2's language; a pattern that it cannot express refuses the rule."},
		{[]string{"i", "ignorecase"}, "After `re`: case does not matter."},
		{[]string{"m", "multiline"}, "After `re`: `^` and `$` match at line breaks too."},
		{[]string{"s", "dotall"}, "After `re`: `.` matches line breaks too."},
		{[]string{"base64"}, "The value is encoded as Base64 before it is compared."},
		{[]string{"base64offset"}, "The value is looked for within Base64, at any of its three offsets."},
		{[]string{"utf16le", "wide"}, "The value is encoded as UTF-16, little-endian; most often before `base64` or `base64offset`."},
		{[]string{"utf16be"}, "The value is encoded as UTF-16, big-endian."},
		{[]string{"utf16"}, "The value is encoded as UTF-16 little-endian, after a byte order mark."},
		{[]string{"lt"}, "The field is a number less than the value."},
		{[]string{"lte"}, "The field is a number less than or equal to the value."},
		{[]string{"gt"}, "The field is a number greater than the value."},
		{[]string{"gte"}, "The field is a number greater than or equal to the value."},
		{[]string{"minute"}, "The minute of the time that the field states; a comparison may follow."},
		{[]string{"hour"}, "The hour of the time that the field states; a comparison may follow."},
		{[]string{"day"}, "The day of the month of the time that the field states; a comparison may follow."},
		{[]string{"week"}, "The week of the year (ISO 8601) of the time that the field states; a comparison may follow."},
		{[]string{"month"}, "The month of the time that the field states; a comparison may follow."},
		{[]string{"year"}, "The year of the time that the field states; a comparison may follow."},
		{[]string{"cidr"}, "The field is an address, IPv4 or IPv6, within the network."},
		{[]string{"expand"}, "`%name%` stands for the values of that placeholder in the configuration; an unknown one refuses the rule."},
		{[]string{"fieldref"}, "The value is the name of another field, whose value is compared; also with `neq`, `startswith`, `endswith`, `contains`."},
	}
}

// CorrelationTypes returns the names of all types of correlation rules.
func CorrelationTypes() []string {
	var names []string
	for t := EventCount; t <= ValueMedian; t++ {
		names = append(names, t.String())
	}
	return names
}
