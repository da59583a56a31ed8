package serve

import "github.com/tocsin-sec/tocsin/console"

// answerViews lets the operations that pages are made of ask this process.
func (s *serve) answerViews(c *console.Server) {
	r := &ruling{serve: s}
	c.Views = console.Views{
		Judge: s.judgeStep, Rules: r.list, RuleDetail: r.detail, SwitchRule: r.turn, CheckRules: r.check, Matrix: matrix, Exposure: r.exposure, Settings: s.showSettings,
		Notify: s.showNotify, TryWay: s.tryWay,
	}
}
