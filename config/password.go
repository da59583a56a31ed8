package config

import "regexp"

var withPassword = regexp.MustCompile(`^[a-z]+://[^/@:]*:[^@]+@`)

// HoldsPassword tells whether a URL holds a password, which belongs where Secret finds it.
func HoldsPassword(url string) bool { return withPassword.MatchString(url) }
