package notify

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/trust"
)

// SyslogConfig is a way to a SIEM.
type SyslogConfig struct {
	Server   string `yaml:"server" doc:"The receiver: udp://host:514, tcp://host:601 or tls://host:6514." example:"tls://siem.example.com:6514"`
	Format   string `yaml:"format" doc:"What stands in the message: cef, leef or json." default:"cef"`
	Facility int    `yaml:"facility" doc:"The facility (RFC 5424)." default:"13, log audit"`
	Framing  string `yaml:"framing" doc:"How messages are kept apart over TCP and TLS: octet-counted or lines (RFC 6587)." default:"octet-counted"`
	CA       string `yaml:"ca" path:"true" doc:"A file of certificates that the server's certificate may be signed by, beside the machine's."`
	Cert     string `yaml:"cert" path:"true" doc:"A file of our own certificate, PEM, for a server that wants one."`
	Key      string `yaml:"key" path:"true" doc:"The file of its private key, PEM."`
}

// SyslogKind documents syslog.
var SyslogKind = Kind{
	Name: "syslog",
	Doc: "Syslog (RFC 5424) to a SIEM such as Splunk, QRadar or Sentinel, over UDP (RFC 5426), TCP (RFC 6587) or TLS (RFC 5425), as CEF, " +
		"LEEF 2.0 or JSON. Syslog has no answer: over UDP a message can be lost.",
	Example: "server: tls://siem.example.com:6514\nformat: cef\nca: /etc/tocsin/siem-ca.pem\n",
	Config:  &SyslogConfig{},
	States:  true,
}

type syslogWay struct {
	env           Env
	network, addr string
	tls           *tls.Config
	format        func(m *Message, env Env) string
	facility      int
	lines         bool
	process       string
}

func (c *SyslogConfig) open(env Env) (Sender, error) {
	s := &syslogWay{env: env, facility: cmp.Or(c.Facility, 13), process: fmt.Sprint(os.Getpid())}
	u, err := url.Parse(c.Server)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("server: %q is no receiver: udp://host:514, tcp://host:601, tls://host:6514", c.Server)
	}
	port := map[string]string{"udp": "514", "tcp": "601", "tls": "6514"}[u.Scheme]
	if port == "" {
		return nil, fmt.Errorf("server: %q: udp, tcp or tls", u.Scheme)
	}
	s.network, s.addr = strings.Replace(u.Scheme, "tls", "tcp", 1), net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
	if u.Scheme == "tls" {
		if s.tls, err = c.security(u.Hostname()); err != nil {
			return nil, err
		}
	} else if c.CA+c.Cert+c.Key != "" {
		return nil, errors.New("ca: certificates are for tls:// alone")
	}
	switch cmp.Or(c.Format, "cef") {
	case "cef":
		s.format = cef
	case "leef":
		s.format = leef
	case "json":
		s.format = func(m *Message, _ Env) string { return string(jsonOf(m)) }
	default:
		return nil, fmt.Errorf("format: %q is none of cef, leef, json", c.Format)
	}
	switch c.Framing {
	case "", "octet-counted":
	case "lines":
		s.lines = true
	default:
		return nil, fmt.Errorf("framing: %q is none of octet-counted, lines", c.Framing)
	}
	if s.facility < 0 || s.facility > 23 {
		return nil, errors.New("facility: from 0 to 23")
	}
	return s, nil
}

func (c *SyslogConfig) security(host string) (*tls.Config, error) {
	conf, err := trust.Client(c.CA)
	if err != nil {
		return nil, fmt.Errorf("ca: %w", err)
	}
	conf.ServerName = host
	if c.Cert+c.Key != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, fmt.Errorf("cert: %w", err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return conf, nil
}

// syslogSeverities are those of RFC 5424 §6.2.1.
var syslogSeverities = map[string]int{"critical": 2, "high": 3, "medium": 4, "low": 5, "informational": 6}

// maxDatagram bounds a message over UDP, in bytes: what every receiver should take (RFC 5426 §3.2).
const maxDatagram = 2048

// record is a message as RFC 5424 §6 has it.
func (s *syslogWay) record(m *Message) string {
	severity, ok := syslogSeverities[m.Severity]
	if !ok {
		severity = 6
	}
	return fmt.Sprintf("<%d>1 %s %s tocsin %s %s - %s", s.facility*8+severity, stamp(m.At), ifEmpty(visible(s.env.Host, 255), "-"), s.process, ifEmpty(visible(m.Kind, 32), "-"), s.format(m, s.env))
}

// visible is a text of printable ASCII without blanks (RFC 5424 §6: PRINTUSASCII).
func visible(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < 33 || r > 126 {
			return '_'
		}
		return r
	}, s)
	return s[:min(len(s), most)]
}

// Send implements Sender. Over TCP and TLS it is not told that the receiver has read a message; that it ends the connection
// without an error once we have is the best sign there is.
func (s *syslogWay) Send(ctx context.Context, m *Message) (string, error) {
	text := s.record(m)
	var conn net.Conn
	var err error
	if s.tls != nil {
		conn, err = (&tls.Dialer{Config: s.tls}).DialContext(ctx, s.network, s.addr)
	} else {
		conn, err = (&net.Dialer{}).DialContext(ctx, s.network, s.addr)
	}
	if err != nil {
		r := *refusalOf(fmt.Errorf("connect to %s: %w", s.addr, err))
		var cert *tls.CertificateVerificationError
		if errors.As(err, &cert) {
			r.Class, r.Hint = Broken, "name the authority that signed the server's certificate with ca"
		}
		r.Unsure = false
		return "", &r
	}
	defer conn.Close()
	end, ok := ctx.Deadline()
	if !ok {
		end = time.Now().Add(defaultTimeout)
	}
	_ = conn.SetDeadline(end)
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	switch {
	case s.network == "udp":
		text = cutBytes(text, maxDatagram)
	case s.lines:
		text += "\n"
	default:
		text = fmt.Sprintf("%d %s", len(text), text)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		return "", fmt.Errorf("write to %s: %w", s.addr, err)
	}
	if s.network == "udp" {
		return "", nil
	}
	return "", s.seeOff(conn)
}

// lastWords is how long it is waited for the receiver to end the connection.
const lastWords = 200 * time.Millisecond

// seeOff says that no more comes, and looks whether the receiver takes offence: a connection that is reset, or an alert of
// TLS, means that the message was not read.
func (s *syslogWay) seeOff(conn net.Conn) error {
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		if err := c.CloseWrite(); err != nil {
			return fmt.Errorf("write to %s: %w", s.addr, err)
		}
	}
	_ = conn.SetReadDeadline(time.Now().Add(lastWords))
	_, err := io.Copy(io.Discard, io.LimitReader(conn, maxAnswer))
	var timeout net.Error
	if err != nil && !(errors.As(err, &timeout) && timeout.Timeout()) {
		return fmt.Errorf("the end of the connection to %s: %w", s.addr, err)
	}
	return nil
}
