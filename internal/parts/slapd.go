package parts

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Directory is an OpenLDAP of the test's own, on the loopback. Below dc=example,dc=com it has people, whose passwords are
// NAMEs-secret, groups, and a reader.
type Directory struct {
	Plain string // ldap://, which offers StartTLS
	TLS   string // ldaps://
	CA    string // file of the authority that signed its certificate
}

const people = `dn: dc=example,dc=com
objectClass: domain
dc: example

dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=com
objectClass: organizationalUnit
ou: groups

dn: cn=reader,dc=example,dc=com
objectClass: device
objectClass: simpleSecurityObject
cn: reader
userPassword: reading

dn: uid=anna,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: anna
cn: Anna (Meier)
sn: Meier
userPassword: annas-secret

dn: cn=Bert\2C (odd) *,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: bert
cn: Bert, (odd) *
sn: Odd
userPassword: berts-secret

dn: uid=carl,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: carl
cn: Carl
sn: Carl
userPassword: carls-secret

dn: uid=twin,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: twin
cn: Twin
sn: One
userPassword: twins-secret

dn: cn=Twin,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: twin
cn: Twin
sn: Two
userPassword: twins-secret

dn: cn=soc,ou=groups,dc=example,dc=com
objectClass: groupOfNames
cn: soc
member: uid=anna,ou=people,dc=example,dc=com
member: uid=twin,ou=people,dc=example,dc=com
member: cn=Twin,ou=people,dc=example,dc=com

dn: cn=admins,ou=groups,dc=example,dc=com
objectClass: groupOfNames
cn: admins
member: cn=Bert\2C (odd) *,ou=people,dc=example,dc=com
`

// Slapd starts an OpenLDAP.
func Slapd(tb testing.TB) *Directory {
	tb.Helper()
	program, add := Find(tb, "slapd"), Find(tb, "slapadd")
	dir := tb.TempDir()
	certificates(tb, dir)
	conf := fmt.Sprintf(`include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile %[1]s/pid
TLSCertificateFile %[1]s/cert.pem
TLSCertificateKeyFile %[1]s/key.pem
database mdb
suffix "dc=example,dc=com"
rootdn "cn=root,dc=example,dc=com"
directory %[1]s/db
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=reader,dc=example,dc=com" read by * none
`, dir)
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "db"), 0o700), os.WriteFile(filepath.Join(dir, "slapd.conf"), []byte(conf), 0o600),
		os.WriteFile(filepath.Join(dir, "people.ldif"), []byte(people), 0o600)); err != nil {
		tb.Fatal(err)
	}
	if out, err := exec.Command(add, "-f", filepath.Join(dir, "slapd.conf"), "-l", filepath.Join(dir, "people.ldif")).CombinedOutput(); err != nil {
		tb.Fatalf("slapadd: %v: %s", err, out)
	}
	one, two := fmt.Sprintf("127.0.0.1:%d", Port(tb)), fmt.Sprintf("127.0.0.1:%d", Port(tb))
	Start(tb, exec.Command(program, "-d", "0", "-f", filepath.Join(dir, "slapd.conf"), "-h", "ldap://"+one+" ldaps://"+two))
	Wait(tb, 10*time.Second, "slapd", func() bool {
		c, err := net.Dial("tcp", one)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return &Directory{Plain: "ldap://" + one, TLS: "ldaps://" + two, CA: filepath.Join(dir, "ca.pem")}
}
