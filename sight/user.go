package sight

import "strings"

// IsUser leaves out what Windows writes for nobody in particular: the accounts of the system itself and of machines.
func IsUser(s string) bool {
	if s == "" || strings.HasSuffix(s, "$") {
		return false
	}
	for _, n := range nobody {
		if strings.EqualFold(n, s) {
			return false
		}
	}
	return true
}

// nobody are names that mean no person.
var nobody = [...]string{
	"-", "N/A", "SYSTEM", "LOCAL SERVICE", "NETWORK SERVICE", "ANONYMOUS LOGON", `NT AUTHORITY\SYSTEM`,
	`NT AUTHORITY\LOCAL SERVICE`, `NT AUTHORITY\NETWORK SERVICE`, "S-1-5-18", "S-1-0-0", "S-1-5-19", "S-1-5-20",
}
