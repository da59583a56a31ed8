package notify

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/trust"
)

// MailConfig is a way by e-mail.
type MailConfig struct {
	Server   string   `yaml:"server" doc:"The mail server: smtp://host:587 (STARTTLS, which it must offer) or smtps://host:465 (TLS from the first byte)." default:"smtp://127.0.0.1:25" example:"smtp://mail.example.com:587"`
	From     string   `yaml:"from" doc:"The sender." default:"tocsin@ and the name of this machine" example:"tocsin <tocsin@example.com>"`
	To       []string `yaml:"to" doc:"The recipients."`
	User     string   `yaml:"user" doc:"The name to log in with; without it there is no login."`
	Password string   `yaml:"password" secret:"true" doc:"The password to log in with." example:"file:/etc/tocsin/mail.password"`
	Login    string   `yaml:"login" doc:"How to log in: plain, login, cram-md5, scram-sha-1, scram-sha-256." default:"the strongest that the server offers"`
	CA       string   `yaml:"ca" path:"true" doc:"A file of certificates that the server's certificate may be signed by, beside the machine's."`
	Plain    bool     `yaml:"plain" doc:"Speak without encryption, also with a server beyond this machine; there is no login then but by scram and cram-md5."`
	Hello    string   `yaml:"hello" doc:"The name by which this machine presents itself." default:"its own"`
	Subject  string   `yaml:"subject" doc:"What every subject begins with." default:"[tocsin]"`
}

// MailKind documents e-mail.
var MailKind = Kind{
	Name: "mail",
	Doc: "E-mail by SMTP (RFC 5321), as text and HTML. All mails about one incident form one thread. Without encryption it speaks with the " +
		"loopback only, unless `plain` says otherwise.",
	Example: `server: smtp://mail.example.com:587
from: tocsin <tocsin@example.com>
to: [security@example.com]
user: tocsin@example.com
password: file:/etc/tocsin/mail.password
`,
	Config: &MailConfig{},
}

// logins are the mechanisms by which a password is proved, by their names in the configuration.
var logins = map[string]mail.SMTPAuthType{
	"": mail.SMTPAuthAutoDiscover, "plain": mail.SMTPAuthPlain, "login": mail.SMTPAuthLogin, "cram-md5": mail.SMTPAuthCramMD5,
	"scram-sha-1": mail.SMTPAuthSCRAMSHA1, "scram-sha-256": mail.SMTPAuthSCRAMSHA256,
}

// smtpWay sends mail.
type smtpWay struct {
	env     Env
	host    string
	port    int
	options []mail.Option
	from    *netmail.Address
	to      []*netmail.Address
	subject string
}

func (c *MailConfig) open(env Env) (Sender, error) {
	w := &smtpWay{env: env, subject: cmp.Or(c.Subject, "[tocsin]")}
	u, err := url.Parse(cmp.Or(c.Server, "smtp://127.0.0.1:25"))
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("server: %q is no mail server: smtp://host:587 or smtps://host:465", c.Server)
	}
	w.host, w.port = u.Hostname(), map[string]int{"smtp": 587, "smtps": 465}[u.Scheme]
	if p := u.Port(); p != "" {
		if w.port, err = strconv.Atoi(p); err != nil {
			return nil, fmt.Errorf("server: %q is no port", p)
		}
	}
	if err := w.security(c, u.Scheme == "smtps"); err != nil {
		return nil, err
	}
	hello := cmp.Or(c.Hello, env.Host, "localhost")
	w.options = append(w.options, mail.WithPort(w.port), mail.WithHELO(hello))
	if err := w.login(c); err != nil {
		return nil, err
	}
	if w.from, err = netmail.ParseAddress(cmp.Or(c.From, "tocsin@"+cmp.Or(env.Host, "localhost"))); err != nil {
		return nil, fmt.Errorf("from: %q: %w", c.From, err)
	}
	for _, t := range c.To {
		a, err := netmail.ParseAddress(t)
		if err != nil {
			return nil, fmt.Errorf("to: %q: %w", t, err)
		}
		w.to = append(w.to, a)
	}
	if len(w.to) == 0 || len(w.to) > 100 {
		return nil, fmt.Errorf("to: from 1 to 100 recipients")
	}
	_, err = mail.NewClient(w.host, w.options...)
	return w, err
}

// security chooses how the connection is kept from others.
func (w *smtpWay) security(c *MailConfig, implicit bool) error {
	conf, err := trust.Client(c.CA)
	if err != nil {
		return fmt.Errorf("ca: %w", err)
	}
	conf.ServerName = w.host
	ip := net.ParseIP(w.host)
	local := w.host == "localhost" || ip != nil && ip.IsLoopback()
	policy := mail.TLSMandatory
	switch {
	case implicit && c.Plain:
		return fmt.Errorf("plain: smtps:// is never plain")
	case implicit:
		w.options = append(w.options, mail.WithSSL())
	case c.Plain || local && c.CA == "":
		policy = mail.NoTLS
	}
	w.options = append(w.options, mail.WithTLSPolicy(policy), mail.WithTLSConfig(conf))
	return nil
}

func (w *smtpWay) login(c *MailConfig) error {
	kind, ok := logins[strings.ToLower(c.Login)]
	if !ok {
		return fmt.Errorf("login: %q is no way to log in: plain, login, cram-md5, scram-sha-1, scram-sha-256", c.Login)
	}
	if c.User == "" {
		if c.Password != "" || c.Login != "" {
			return fmt.Errorf("user: without it there is no login")
		}
		return nil
	}
	password, err := config.Secret(c.Password)
	if err != nil {
		return fmt.Errorf("password: %w", err)
	}
	w.options = append(w.options, mail.WithSMTPAuth(kind), mail.WithUsername(c.User), mail.WithPassword(password))
	return nil
}

// Send implements Sender. Recipients whom the server refuses do not keep others from getting it.
func (w *smtpWay) Send(ctx context.Context, m *Message) (string, error) {
	text, err := w.mail(m)
	if err != nil {
		return "", &Refusal{Class: Never, Err: fmt.Errorf("write the mail: %w", err)}
	}
	limit := defaultTimeout
	if end, ok := ctx.Deadline(); ok {
		limit = max(time.Until(end), time.Millisecond)
	}
	client, err := mail.NewClient(w.host, append([]mail.Option{mail.WithTimeout(limit)}, w.options...)...)
	if err != nil {
		return "", &Refusal{Class: Broken, Err: err}
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return "", refusedMail("connect to "+client.ServerAddr(), err, false)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }()
	if err := w.transfer(conn, text, m.Left); err != nil {
		return "", err
	}
	_ = conn.Quit() // it is delivered, whatever the answer to that is
	return "", nil
}

// transfer hands the mail over (RFC 5321 §3.3).
func (w *smtpWay) transfer(conn *smtp.Client, text *mail.Msg, only []string) error {
	if err := conn.Mail(w.from.Address); err != nil {
		return refusedMail("MAIL FROM "+w.from.Address, err, false)
	}
	var left []string
	var leftErr, refused error
	taken := 0
	for _, to := range w.to {
		if only != nil && !contains(only, to.Address) {
			continue
		}
		err := conn.Rcpt(to.Address)
		switch code := codeOf(err); {
		case err == nil:
			taken++
		case code >= 500:
			refused = fmt.Errorf("RCPT TO %s: %w", to.Address, err)
		case code >= 400:
			left, leftErr = append(left, to.Address), fmt.Errorf("RCPT TO %s: %w", to.Address, err)
		default:
			return refusedMail("RCPT TO "+to.Address, err, false)
		}
	}
	if taken == 0 {
		if leftErr != nil {
			return refusedMail("no recipient is taken now", leftErr, false)
		}
		return refusedMail("no recipient is taken", cmp.Or(refused, errors.New("there is none")), false)
	}
	if refused != nil && w.env.Log != nil {
		w.env.Log.Warn("a recipient of mail is refused for good; the others get it", "error", refused)
	}
	data, err := conn.Data()
	if err != nil {
		return refusedMail("DATA", err, false)
	}
	if _, err := text.WriteTo(data); err != nil {
		return refusedMail("write the mail", err, true)
	}
	if err := data.Close(); err != nil {
		return refusedMail("the end of the mail", err, true)
	}
	if len(left) > 0 {
		return &Refusal{Class: Later, Left: left, Err: leftErr}
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// codeOf is the reply code of an SMTP server (RFC 5321 §4.2); 0 where it did not reply.
func codeOf(err error) int {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return reply.Code
	}
	return 0
}

// refusedMail says what can be done about an error: replies that begin with 4 are of the moment, those with 5 for good
// (RFC 5321 §4.2.1), but those about the login or the sender are for a person to mend.
func refusedMail(what string, err error, late bool) error {
	r := *refusalOf(err)
	r.Err = fmt.Errorf("%s: %w", what, err)
	code := codeOf(err)
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	text := err.Error()
	switch {
	case errors.As(err, &cert):
		r.Class, r.Hint = Broken, "name the authority that signed the server's certificate with ca"
	case errors.As(err, &record):
		r.Class, r.Hint = Broken, "the port does not speak TLS from the first byte: smtp:// in place of smtps://?"
	case code == 535 || code == 534 || code == 538 || code == 530:
		r.Class, r.Hint = Broken, "are user, password and login right?"
	case code == 0 && (strings.Contains(text, "AUTH") || strings.Contains(text, "authentication") || strings.Contains(text, "unencrypted")):
		r.Class, r.Hint = Broken, "the server does not offer the login that is configured, or not without encryption"
	case code == 0 && strings.Contains(text, "STARTTLS"):
		r.Class, r.Hint = Broken, "the server offers no encryption; smtps:// or, in a network that you trust, plain: true"
	case code == 550 || code == 551 || code == 553 || code == 554 && !late:
		r.Class, r.Hint = Broken, "does the server know the recipients, and may we send through it?"
	case code >= 500:
		r.Class = Never
		if !late {
			r.Class = Broken
		}
	}
	r.Unsure = r.Unsure && late || late && code == 0
	return &r
}
