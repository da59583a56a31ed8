package parse

import "github.com/tocsin-sec/tocsin/event"

// Services and tools whose records are told by a name or two.
var (
	oneLogin = jsonDialect{
		format: &event.Format{
			Name:      "onelogin",
			LogSource: event.LogSource{Product: "onelogin", Service: "onelogin.events"},
			ECS: map[string][]string{
				"event.action": {"event_type_id"}, "user.name": {"actor_user_name", "user_name"}, "user.target.name": {"user_name"},
				"source.ip": {"ipaddr"},
			},
		},
		all:    []string{"event_type_id"},
		any:    []string{"actor_user_id", "user_id", "actor_user_name", "account_id"},
		derive: oneLoginDerive,
		vendor: "OneLogin", product: "OneLogin",
	}
	duo = jsonDialect{
		format: &event.Format{
			Name:      "duo",
			LogSource: event.LogSource{Product: "cisco", Service: "duo"},
			ECS: map[string][]string{
				"event.action": {"event_type", "action"}, "event.outcome": {"result"}, "event.reason": {"reason"},
				"user.name": {"user.name", "username"}, "source.ip": {"access_device.ip", "auth_device.ip"},
			},
		},
		any:    []string{"access_device.ip", "auth_device.ip", "access_device.", "auth_device."},
		times:  []string{"isotimestamp", "timestamp"},
		derive: duoDerive,
		vendor: "Cisco", product: "Duo",
	}
	openCanary = jsonDialect{
		format: &event.Format{
			Name:      "opencanary",
			LogSource: event.LogSource{Category: "application", Product: "opencanary"},
			ECS: map[string][]string{
				"event.action": {"logtype"}, "source.ip": {"src_host"}, "source.port": {"src_port"}, "destination.ip": {"dst_host"},
				"destination.port": {"dst_port"}, "host.name": {"node_id"}, "user.name": {"logdata.USERNAME"},
			},
		},
		all:   []string{"logtype"},
		any:   []string{"node_id", "src_host", "dst_host"},
		times: []string{"utc_time", "local_time_adjusted", "local_time"},
	}
	fortigate = jsonDialect{
		format: &event.Format{
			Name:      "fortigate",
			LogSource: event.LogSource{Product: "fortigate"},
			ECS: map[string][]string{
				"source.ip": {"srcip", "remip", "ui"}, "source.port": {"srcport"}, "destination.ip": {"dstip"}, "destination.port": {"dstport"},
				"user.name": {"user"}, "event.action": {"action"}, "host.name": {"devname"}, "message": {"msg"},
				"src_ip": {"srcip"}, "dst_ip": {"dstip"}, "dst_port": {"dstport"},
			},
		},
		all:   []string{"devname", "logid"},
		times: []string{"eventtime"},
	}
)
