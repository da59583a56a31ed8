package notify

import "strings"

// markdownEscapes makes of what begins something in Markdown what does not. Behind an @, a #, a : and before the // of an
// address stands a character that is not seen, for those cannot be escaped everywhere: they would call people, channels and
// pictures, and make links of texts.
var markdownEscapes = strings.NewReplacer(
	"\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "~", "\\~", "[", "\\[", "]", "\\]", "(", "\\(", ")", "\\)", "<", "\\<", ">", "\\>", "|", "\\|", "!", "\\!",
	"@", "@\u200b", "#", "#\u200b", "$", "\\$", "://", ":\u200b//", "www.", "www\u200b.",
)

// markdown writes a text so that Markdown shows it as it is, and calls nobody.
func markdown(s string) string { return markdownEscapes.Replace(s) }

// markdownLine writes a line of a message: one that begins as an item of a list is one.
func markdownLine(s string) string {
	if rest, ok := strings.CutPrefix(s, "- "); ok {
		return "- " + markdown(rest)
	}
	text := markdown(s)
	if text != "" && strings.ContainsAny(text[:1], "-+=0123456789") { // a list, a rule, a heading
		return "\u200b" + text
	}
	return text
}

// markdownLink writes an address as the target of a link.
func markdownLink(s string) string {
	return strings.NewReplacer(" ", "%20", "(", "%28", ")", "%29", "<", "%3C", ">", "%3E", "\\", "%5C").Replace(s)
}
