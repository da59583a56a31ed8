package identity

import (
	"encoding/json"
	"time"
)

// What a Notice tells of.
const (
	DidLogin          = "login"
	DidRefuse         = "login-refused"
	DidLimit          = "login-limited"
	DidLogout         = "logout"
	DidStepUp         = "step-up"
	DidEndSession     = "session-ended"
	DidAddUser        = "user-added"
	DidChangeRole     = "role-changed"
	DidMakeAdmin      = "administrator-made"
	DidDisable        = "user-disabled"
	DidEnable         = "user-enabled"
	DidSetPassword    = "password-changed"
	DidAddMFA         = "mfa-added"
	DidRemoveMFA      = "mfa-removed"
	DidUseRecovery    = "recovery-code-used"
	DidMakeToken      = "token-made"
	DidMakeFullToken  = "token-with-all-rights-made"
	DidRevokeToken    = "token-revoked"
	DidRefuseToken    = "token-refused"
	DidMakeLink       = "link-made"
	DidDeny           = "denied"
	DidRefuseOrigin   = "cross-origin-refused"
	outcomeSuccess    = "success"
	outcomeFailure    = "failure"
	categoryLogin     = "authentication"
	categoryAccounts  = "iam"
	datasetOfNotices  = "tocsin.console"
	longestNoticeText = 256 // bytes of what a stranger has typed
)

// Notice is something that happened with who may come in. It has no secret in it.
type Notice struct {
	Time    time.Time
	Action  string // one of those above
	Failed  bool
	User    string // whom it concerns; what was typed, where there is no such user
	Actor   string // who did it
	Address string // whence
	Agent   string // the class of the browser
	Method  string // password, totp, recovery, passkey, oidc NAME, ldap, token, link
	Reason  string // for a person
	Roles   []string
	New     bool // a log-in of an administrator from an address that it has not come from before
}

// category is the ECS category: what a person does to get in, or what is changed about accounts.
func (n *Notice) category() string {
	switch n.Action {
	case DidLogin, DidRefuse, DidLimit, DidLogout, DidStepUp, DidEndSession, DidUseRecovery, DidRefuseToken, DidDeny, DidRefuseOrigin:
		return categoryLogin
	}
	return categoryAccounts
}

// JSON is the notice as an event, one line, with the names of ECS: what tocsin's own rules look at.
func (n *Notice) JSON() string {
	outcome := outcomeSuccess
	if n.Failed {
		outcome = outcomeFailure
	}
	doc, _ := json.Marshal(struct { // which has texts only
		Time     time.Time `json:"@timestamp"`
		Module   string    `json:"event.module"`
		Dataset  string    `json:"event.dataset"`
		Category string    `json:"event.category"`
		Action   string    `json:"event.action"`
		Outcome  string    `json:"event.outcome"`
		User     string    `json:"user.name,omitempty"`
		Actor    string    `json:"tocsin.actor"`
		Address  string    `json:"source.ip,omitempty"`
		Agent    string    `json:"user_agent.name,omitempty"`
		Method   string    `json:"tocsin.method,omitempty"`
		Roles    []string  `json:"user.roles,omitempty"`
		New      bool      `json:"tocsin.new_address,omitempty"`
		Message  string    `json:"message"`
	}{
		n.Time.UTC(), "tocsin", datasetOfNotices, n.category(), n.Action, outcome, cut(n.User), cut(n.Actor), n.Address, n.Agent, n.Method, n.Roles, n.New, n.sentence(),
	})
	return string(doc)
}

func (n *Notice) sentence() string {
	s := n.Action
	if n.User != "" {
		s += " " + cut(n.User)
	}
	if n.Actor != "" && n.Actor != n.User {
		s += " by " + cut(n.Actor)
	}
	if n.Address != "" {
		s += " from " + n.Address
	}
	if n.Method != "" {
		s += " (" + n.Method + ")"
	}
	if n.Reason != "" {
		s += ": " + cut(n.Reason)
	}
	return s
}

func cut(s string) string {
	if len(s) > longestNoticeText {
		s = s[:longestNoticeText]
	}
	return s
}

// tell tells of something that changes nothing in what is kept.
func (g *Gate) tell(n Notice) {
	n.Time = g.now()
	g.opt.Notice(n)
}
