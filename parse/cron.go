package parse

import "github.com/tocsin-sec/tocsin/event"

var (
	cronFormat  = &event.Format{Name: "cron", LogSource: event.LogSource{Product: "linux", Service: "cron"}}
	cronProgram = newProgram(cronFormat, cronSentences, pamSentences)
)

var cronSentences = []sentence{
	{"({sudoer}) CMD ({cmd})", "cron_command", process, "", ""},
	{"({sudoer}) CMDOUT ({*})", "cron_output", process, "", ""},
	{"({sudoer}) CMDEND ({cmd})", "cron_command_ended", process, "", ""},
	{"({sudoer}) BEGIN EDIT ({tgtword})", "crontab_edit", configuration, "", ""},
	{"({sudoer}) END EDIT ({tgtword})", "crontab_edited", configuration, "", ""},
	{"({sudoer}) REPLACE ({tgtword})", "crontab_replaced", configuration, success, ""},
	{"({sudoer}) DELETE ({tgtword})", "crontab_deleted", configuration, success, ""},
	{"({sudoer}) LIST ({tgtword})", "crontab_listed", configuration, success, ""},
	{"({sudoer}) RELOAD ({exe})", "cron_reload", configuration, "", ""},
	{"({sudoer}) AUTH (crontab command not allowed)", "crontab_refused", configuration, failure, "crontab not allowed"},
	{"({sudoer}) ORPHAN ({reason})", "cron_orphan", configuration, failure, ""},
	{"({sudoer}) FAILED ({reason})", "cron_failed", process, failure, ""},
	{"({sudoer}) WRONG FILE OWNER ({exe})", "cron_refused", configuration, failure, "wrong file owner"},
	{"({sudoer}) INFO ({reason})", "cron_information", process, "", ""},
	{"Job `{?}' started", "cron_command", process, "", ""},
	{"Job `{?}' terminated", "cron_command_ended", process, "", ""},
}
