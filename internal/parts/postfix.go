package parts

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Mailer is a Postfix of the test's own, on the loopback.
type Mailer struct {
	Plain  string // address of the port that offers STARTTLS
	TLS    string // address of the port that speaks TLS from the first byte
	Closed string // address of a port at which only those who have logged in may send
	CA     string // file of the authority that signed its certificate
	User   string // who may log in
	Pass   string
	dir    string
}

// Postfix starts a Postfix in t.TempDir. It takes mail for ops@example.com and box@example.com, says 451 to
// later@example.com and 550 to everybody else of that domain.
func Postfix(tb testing.TB) *Mailer {
	tb.Helper()
	postfix, passwd := Find(tb, "postfix"), Find(tb, "saslpasswd2")
	if os.Getuid() != 0 {
		Missing(tb, "Postfix is started by root only")
	}
	dir := tb.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} { // which are closed to others
		if err := os.Chmod(d, 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	m := &Mailer{dir: dir, CA: filepath.Join(dir, "ca.pem"), User: "tocsin@example.com", Pass: "correct horse battery"}
	ports := []int{Port(tb), Port(tb), Port(tb)}
	m.Plain, m.TLS, m.Closed = fmt.Sprintf("127.0.0.1:%d", ports[0]), fmt.Sprintf("127.0.0.1:%d", ports[1]), fmt.Sprintf("127.0.0.1:%d", ports[2])
	certificates(tb, dir)
	run := func(name string, args ...string) {
		tb.Helper()
		cmd := exec.Command(name, args...)
		cmd.Stdin = strings.NewReader(m.Pass)
		if out, err := cmd.CombinedOutput(); err != nil {
			tb.Fatalf("%s: %v: %s", name, err, out)
		}
	}
	for _, d := range []string{"etc", "etc/sasl", "queue", "data", "mail"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	run(passwd, "-c", "-p", "-f", filepath.Join(dir, "sasldb2"), "-u", "example.com", "tocsin")
	run("chown", "postfix", filepath.Join(dir, "sasldb2"), filepath.Join(dir, "data"), filepath.Join(dir, "mail"))
	write := func(name, text string) {
		tb.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(text, "DIR", dir)), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	write("etc/sasl/smtpd.conf", "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256\nsasldb_path: DIR/sasldb2\n")
	write("etc/boxes", "ops@example.com mail/\nbox@example.com mail/\nlater@example.com mail/\n")
	write("etc/later", "later@example.com 451 4.3.0 come back later\n")
	uid, err := exec.Command("id", "-u", "postfix").Output()
	if err != nil {
		tb.Fatal(err)
	}
	write("etc/main.cf", strings.ReplaceAll(postfixMain, "UID", strings.TrimSpace(string(uid))))
	write("etc/master.cf", fmt.Sprintf(postfixMaster, m.Plain, m.TLS, m.Closed))
	Start(tb, exec.Command(postfix, "-c", filepath.Join(dir, "etc"), "start-fg"))
	tb.Cleanup(func() { _ = exec.Command(postfix, "-c", filepath.Join(dir, "etc"), "stop").Run() })
	Wait(tb, 20*time.Second, "Postfix", func() bool {
		c, err := net.DialTimeout("tcp", m.Plain, time.Second)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return m
}

const postfixMain = `compatibility_level = 3.6
maillog_file = /dev/stdout
queue_directory = DIR/queue
data_directory = DIR/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.com
mydestination =
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = example.com
virtual_mailbox_base = DIR
virtual_mailbox_maps = texthash:DIR/etc/boxes
virtual_uid_maps = static:UID
virtual_gid_maps = static:UID
virtual_minimum_uid = 1
smtpd_recipient_restrictions = check_recipient_access texthash:DIR/etc/later, reject_unauth_destination, reject_unlisted_recipient
smtpd_tls_cert_file = DIR/cert.pem
smtpd_tls_key_file = DIR/key.pem
smtpd_tls_security_level = may
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = example.com
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = DIR/etc/sasl
smtpd_client_connection_rate_limit = 0
smtpd_error_sleep_time = 0
default_transport = error:no mail leaves this test
`

const postfixMaster = `%s inet n - n - - smtpd
%s inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
%s inet n - n - - smtpd -o smtpd_client_restrictions=permit_sasl_authenticated,reject
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
`

// certificates writes a certificate for 127.0.0.1 and the authority that signed it.
func certificates(tb testing.TB, dir string) {
	tb.Helper()
	check := func(err error) {
		if err != nil {
			tb.Helper()
			tb.Fatal(err)
		}
	}
	sign := func(template, parent *x509.Certificate, key, by *ecdsa.PrivateKey, name string) {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
		check(err)
		check(os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644))
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority of a test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	sign(ca, ca, caKey, caKey, "ca.pem")
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "127.0.0.1"}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	sign(leaf, ca, key, caKey, "cert.pem")
	der, err := x509.MarshalECPrivateKey(key)
	check(err)
	check(os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600))
}

// Mails returns the mails that were delivered so far, as they lie in the mailbox.
func (m *Mailer) Mails(tb testing.TB) []string {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(m.dir, "mail", "new", "*"))
	if err != nil {
		tb.Fatal(err)
	}
	var list []string
	for _, n := range names {
		text, err := os.ReadFile(n)
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, string(text))
	}
	return list
}

// Mail waits for so many mails and returns the last of them by its date, taken apart.
func (m *Mailer) Mail(tb testing.TB, count int) (head mail.Header, body string) {
	tb.Helper()
	var list []string
	Wait(tb, 20*time.Second, fmt.Sprintf("%d mails", count), func() bool { list = m.Mails(tb); return len(list) >= count })
	if len(list) != count {
		tb.Fatalf("%d mails, not %d", len(list), count)
	}
	var last time.Time
	for _, text := range list {
		msg, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			tb.Fatal(err)
		}
		at, err := msg.Header.Date()
		if err != nil {
			tb.Fatal(err)
		}
		if at.Before(last) {
			continue
		}
		data, err := io.ReadAll(msg.Body)
		if err != nil {
			tb.Fatal(err)
		}
		last, head, body = at, msg.Header, string(data)
	}
	return head, body
}
