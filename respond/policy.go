package respond

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Policy says who may reach what on a small site: of this host, and through it. Rules are looked at in their order; the
// first that fits decides. Answers to what was let through always pass.
type Policy struct {
	Zones    map[string]Zone     `json:"zones,omitempty" yaml:"zones" doc:"Parts of the network, by name. self is this host, any is everything else." example:"{\"lan\": {\"interfaces\": [\"eth1\"], \"networks\": [\"192.0.2.0/24\"]}}"`
	Services map[string][]string `json:"services,omitempty" yaml:"services" doc:"What can be reached, by name: tcp/443, udp/53, tcp/8000-8100, icmp." example:"{\"web\": [\"tcp/80\", \"tcp/443\"]}"`
	Rules    []PolicyRule        `json:"rules,omitempty" yaml:"rules" doc:"Who may reach what, in order; the first rule that fits decides." example:"[{\"name\": \"administration\", \"from\": [\"lan\"], \"to\": [\"self\"], \"services\": [\"tcp/22\"]}]"`
	Default  string              `json:"default,omitempty" yaml:"default" doc:"What happens to the rest: deny or allow." default:"deny"`
}

// Zone is a part of the network: what comes by one of the interfaces and has an address of one of the networks. Nothing
// stated is no condition.
type Zone struct {
	Interfaces []string `json:"interfaces,omitempty" yaml:"interfaces" doc:"Names of interfaces." example:"[\"eth1\"]"`
	Networks   []string `json:"networks,omitempty" yaml:"networks" doc:"Addresses and networks." example:"[\"192.0.2.0/24\"]"`
}

// PolicyRule lets something pass, or not.
type PolicyRule struct {
	Name     string   `json:"name,omitempty" yaml:"name" doc:"What it is for."`
	From     []string `json:"from" yaml:"from" doc:"Zones that it comes from." example:"[\"lan\"]"`
	To       []string `json:"to" yaml:"to" doc:"Zones that it goes to." example:"[\"self\"]"`
	Services []string `json:"services,omitempty" yaml:"services" doc:"Services by name, or as tcp/443; none is all." example:"[\"web\", \"tcp/22\"]"`
	Deny     bool     `json:"deny,omitempty" yaml:"deny" doc:"It does not pass."`
}

const (
	self    = "self"
	anyZone = "any"

	maxPolicyRules = 500
	maxAtoms       = 20_000
)

var (
	zoneName      = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,30}$`)
	interfaceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,14}$`)
)

// way is which packets of this host: to it, from it, through it.
type way string

const (
	wayIn      way = "in"
	wayOut     way = "out"
	wayThrough way = "through"
)

// atom is the smallest part of a rule: what one rule of the kernel can say.
type atom struct {
	rule     int
	way      way
	from, to string       // interfaces; "" is any
	src, dst netip.Prefix // the zero value is any
	proto    string       // "" is any
	low, hi  uint16       // ports; 0 to 65535 is any
	deny     bool
}

// Check returns all that is wrong with a policy.
func (p *Policy) Check() error {
	_, err := p.atoms()
	return err
}

// name is how a rule is called.
func (p *Policy) name(i int) string {
	r := &p.Rules[i]
	if r.Name != "" {
		return r.Name
	}
	services := strings.Join(r.Services, " ")
	return fmt.Sprintf("%s to %s: %s", strings.Join(r.From, " "), strings.Join(r.To, " "), cmp.Or(services, "all"))
}

// atoms takes the rules apart.
func (p *Policy) atoms() ([]atom, error) {
	var errs []error
	if p.Default != "" && p.Default != "deny" && p.Default != "allow" {
		errs = append(errs, fmt.Errorf("default %.40q: must be deny or allow", p.Default))
	}
	if len(p.Rules) > maxPolicyRules {
		return nil, fmt.Errorf("a policy has at most %d rules", maxPolicyRules)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Zones)) {
		errs = append(errs, p.checkZone(name))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Services)) {
		if !zoneName.MatchString(name) {
			errs = append(errs, fmt.Errorf("service %.40q: a name has small letters, digits, - and _", name))
		}
		for _, s := range p.Services[name] {
			if _, err := parseService(s); err != nil {
				errs = append(errs, fmt.Errorf("service %s: %w", name, err))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err // what rules make of it would be said again for each
	}
	var list []atom
	for i := range p.Rules {
		atoms, err := p.ruleAtoms(i)
		if err != nil {
			errs = append(errs, fmt.Errorf("rule %d (%.80s): %w", i+1, p.name(i), err))
		}
		if list = append(list, atoms...); len(list) > maxAtoms {
			return nil, fmt.Errorf("a policy has at most %d parts: networks times networks times services of its rules", maxAtoms)
		}
	}
	return list, errors.Join(errs...)
}

func (p *Policy) checkZone(name string) error {
	if !zoneName.MatchString(name) || name == self || name == anyZone {
		return fmt.Errorf("zone %.40q: a name has small letters, digits, - and _, and is not self or any", name)
	}
	z := p.Zones[name]
	if len(z.Interfaces)+len(z.Networks) == 0 {
		return fmt.Errorf("zone %s: has neither interfaces nor networks", name)
	}
	for _, i := range z.Interfaces {
		if !interfaceName.MatchString(i) {
			return fmt.Errorf("zone %s: %.40q is no name of an interface", name, i)
		}
	}
	for _, n := range z.Networks {
		if _, err := ParsePrefix(n); err != nil {
			return fmt.Errorf("zone %s: %w", name, err)
		}
	}
	return nil
}

// service is a protocol and its ports.
type service struct {
	proto   string
	low, hi uint16
}

func parseService(s string) (service, error) {
	if s == "icmp" {
		return service{"icmp", 0, 65535}, nil
	}
	proto, ports, ok := strings.Cut(s, "/")
	if !ok || proto != "tcp" && proto != "udp" {
		return service{}, fmt.Errorf("%.40q is no service: write tcp/443, udp/53, tcp/8000-8100 or icmp", s)
	}
	first, last, isRange := strings.Cut(ports, "-")
	if !isRange {
		last = first
	}
	low, err := strconv.ParseUint(first, 10, 16)
	hi, err2 := strconv.ParseUint(last, 10, 16)
	if err != nil || err2 != nil || low == 0 || hi < low {
		return service{}, fmt.Errorf("%.40q: %.20q is no port from 1 to 65535, and no range such as 8000-8100", s, ports)
	}
	return service{proto, uint16(low), uint16(hi)}, nil
}

// side is one alternative of a zone.
type side struct {
	self    bool
	inter   string
	network netip.Prefix
}

func (p *Policy) sides(zones []string) ([]side, error) {
	var list []side
	if len(zones) == 0 {
		return nil, errors.New("from and to must name zones; any is one")
	}
	for _, name := range zones {
		z, ok := p.Zones[name]
		switch {
		case name == self:
			list = append(list, side{self: true})
			continue
		case !ok && name != anyZone:
			return nil, fmt.Errorf("there is no zone %.40q", name)
		}
		inter, networks := z.Interfaces, z.Networks
		if len(inter) == 0 {
			inter = []string{""}
		}
		if len(networks) == 0 {
			networks = []string{""}
		}
		for _, i := range inter {
			for _, n := range networks {
				s := side{inter: i}
				if n != "" {
					var err error
					if s.network, err = ParsePrefix(n); err != nil {
						return nil, fmt.Errorf("zone %s: %w", name, err)
					}
				}
				list = append(list, s)
			}
		}
	}
	return list, nil
}

func (p *Policy) services(names []string) ([]service, error) {
	if len(names) == 0 {
		return []service{{"", 0, 65535}}, nil
	}
	var list []service
	for _, name := range names {
		parts, ok := p.Services[name]
		if !ok {
			parts = []string{name}
		}
		for _, part := range parts {
			s, err := parseService(part)
			if err != nil {
				return nil, err
			}
			list = append(list, s)
		}
	}
	return list, nil
}

func (p *Policy) ruleAtoms(i int) ([]atom, error) {
	r := &p.Rules[i]
	from, err := p.sides(r.From)
	to, err2 := p.sides(r.To)
	services, err3 := p.services(r.Services)
	if len(r.Name) > 100 {
		err3 = errors.Join(err3, errors.New("its name has more than 100 bytes"))
	}
	if err := errors.Join(err, err2, err3); err != nil {
		return nil, err
	}
	var list []atom
	for _, f := range from {
		for _, t := range to {
			if f.self && t.self {
				return nil, errors.New("what this host sends to itself always passes")
			}
			if f.network.IsValid() && t.network.IsValid() && f.network.Addr().Is4() != t.network.Addr().Is4() {
				continue // IPv4 does not speak to IPv6
			}
			if len(list)+len(services) > maxAtoms {
				return nil, errors.New("it has too many parts")
			}
			for _, s := range services {
				a := atom{rule: i, way: wayThrough, from: f.inter, to: t.inter, src: f.network, dst: t.network, proto: s.proto, low: s.low, hi: s.hi, deny: r.Deny}
				switch {
				case t.self:
					a.way = wayIn
				case f.self:
					a.way = wayOut
				}
				list = append(list, a)
			}
		}
	}
	return list, nil
}
