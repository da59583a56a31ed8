package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Keycloak writes its events as pairs: type="LOGIN_ERROR", realmId="…", ipAddress="…", error="…", username="…"; before
// version 20 without quotes. Source: Keycloak Server Administration Guide, "Auditing and Events".
var keycloakKind = newKind(&event.Format{Name: "keycloak", LogSource: event.LogSource{Category: "authentication", Product: "keycloak"}}, []string{
	"event.action", "event.category", "event.outcome", "event.reason", "source.ip", "user.name", "user.id", "service.name", "keycloak.realm",
}, nil)

// keycloakPair returns a value of the pairs.
func keycloakPair(s, key string) string {
	i := strings.Index(s, key)
	if i < 0 || i > 0 && s[i-1] != ' ' {
		return ""
	}
	v := strings.TrimPrefix(s[i+len(key):], "\\")
	if v != "" && v[0] == '"' {
		v, _, _ = strings.Cut(v[1:], "\"")
		return strings.TrimSuffix(v, "\\")
	}
	v, _, _ = strings.Cut(v, ", ")
	if v == "null" {
		return ""
	}
	return v
}

// readKeycloak reads the pairs of an event.
func readKeycloak(s string, out *said) bool {
	kind := keycloakPair(s, "type=")
	if kind == "" || !strings.Contains(s, "ipAddress=") {
		return false
	}
	v := out.values[:len(keycloakKind.names)]
	clear(v)
	out.kind = keycloakKind
	v[0], v[1], v[2] = textValue(kind), textValue(iam), successValue
	verb := strings.TrimSuffix(kind, "_ERROR")
	if verb != kind {
		v[2] = failureValue
	}
	switch verb {
	case "LOGIN", "CODE_TO_TOKEN", "CLIENT_LOGIN", "TOKEN_EXCHANGE", "IMPERSONATE", "IDENTITY_PROVIDER_LOGIN", "REFRESH_TOKEN":
		v[1] = textValue(authentication)
		if verb == "LOGIN" {
			v[0] = textValue("login")
		}
	case "LOGOUT":
		v[0], v[1] = textValue("logout"), textValue(session)
	}
	for _, f := range [...]struct {
		at  int
		key string
	}{{3, "error="}, {5, "username="}, {6, "userId="}, {7, "clientId="}, {8, "realmName="}} {
		if text := keycloakPair(s, f.key); text != "" {
			v[f.at] = textValue(text)
		}
	}
	if ip := keycloakPair(s, "ipAddress="); ip != "" {
		v[4], _ = addressValues(ip)
	}
	return true
}

// keycloakLog is "2024-03-03 09:12:44,120 WARN  [org.keycloak.events] (thread) type=…".
var keycloakLog = ownLog{
	name: "keycloak",
	doc:  "Events of logins in the server log of Keycloak.",
	example: "2024-03-03 09:12:44,120 WARN  [org.keycloak.events] (executor-thread-1) type=\"LOGIN_ERROR\", realmId=\"7\", realmName=\"shop\", clientId=\"web\", userId=\"null\", ipAddress=\"203.0.113.7\", error=\"user_not_found\", username=\"eve\"\n" +
		"2024-03-03 09:12:45,120 INFO  [org.keycloak.events] (default task-1) type=LOGIN, realmId=shop, clientId=web, userId=7, ipAddress=198.51.100.4, username=anna\n",
	begins:  "AZ",
	leveled: true,
	read: func(l *ownLine, out *said) bool {
		if l.time == 0 {
			return false
		}
		open := strings.IndexByte(l.rest[:min(len(l.rest), 16)], '[')
		if open < 0 || !strings.HasPrefix(l.rest[open:], "[org.keycloak.events]") {
			return false
		}
		at := strings.Index(l.rest, " type=")
		if at < 0 || !readKeycloak(l.rest[at+1:], out) {
			return false
		}
		l.program, l.rest = "keycloak", l.rest[at+1:]
		return true
	},
}
