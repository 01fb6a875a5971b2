package store_test

import (
	"strings"
	"testing"

	"tandem/store/storetest"
)

// scanless leaves out the scans that are meant: of a statement's own values, and
// of the index that holds only what is asked for.
var scanless = strings.NewReplacer("SCAN made", "", "SCAN 2 CONSTANT ROWS", "", "SCAN pairs USING INDEX pairs_dirty", "pairs_dirty",
	"SCAN runs USING INDEX runs_waiting", "runs_waiting")

// TestQueryPlans: no query of a run or a page reads a table, or one pair's or
// organization's part of it, to find a few rows.
func TestQueryPlans(t *testing.T) {
	s := storetest.New(t)
	for query, want := range map[string]string{
		"SELECT mac FROM blind_keys WHERE connection_id = 'a' AND entity = 'b' AND mac IN (x'00', x'01')":                                                                     "mac=?",
		"SELECT version FROM seen WHERE connection_id = 'a' AND entity = 'b' AND record_id IN ('a', 'b')":                                                                     "record_id=?",
		"SELECT version FROM seen WHERE connection_id = 'a' AND entity = 'b' AND record_id > 'a' ORDER BY record_id LIMIT 5":                                                  "record_id>?",
		"DELETE FROM blind_keys WHERE connection_id = 'a' AND entity = 'b' AND record_id IN ('a', 'b')":                                                                       "record_id=?",
		"SELECT * FROM links WHERE pair_id = 'a' AND id > 'x' ORDER BY id LIMIT 500":                                                                                          "id>?",
		"SELECT * FROM links WHERE pair_id = 'a' AND left_id IN ('a', 'b')":                                                                                                   "left_id=?",
		"SELECT * FROM links WHERE pair_id = 'a' AND right_id IN ('a', 'b')":                                                                                                  "right_id=?",
		"SELECT count(*) FROM links WHERE pair_id = 'a' AND state = 1":                                                                                                        "COVERING INDEX",
		"DELETE FROM links WHERE pair_id = 'a' AND id IN ('a', 'b')":                                                                                                          "id=?",
		"SELECT * FROM intents WHERE pair_id = 'a' ORDER BY created_at, id":                                                                                                   "intents_by_pair",
		"SELECT * FROM claims WHERE organization_id = 'a' AND key IN ('a', 'b')":                                                                                              "key=?",
		"DELETE FROM claims WHERE organization_id = 'a' AND intent_id IN ('a', 'b')":                                                                                          "intent_id=?",
		"SELECT * FROM claims WHERE intent_id IN ('a', 'b') ORDER BY intent_id, key":                                                                                          "intent_id=?",
		"SELECT * FROM items JOIN pairs ON pairs.id = items.pair_id WHERE pairs.user_id = 'a' AND items.run_id = 'r' ORDER BY items.created_at, items.id LIMIT 9":             "items_by_run",
		"SELECT * FROM runs WHERE user_id = 'a' ORDER BY created_at DESC, id DESC LIMIT 10":                                                                                   "runs_by_user",
		"SELECT * FROM runs WHERE user_id = 'a' AND pair_id = 'b' ORDER BY created_at DESC, id DESC LIMIT 1":                                                                  "runs_by_pair",
		"SELECT * FROM runs WHERE state = 'queued' AND pair_id = 'a' AND kind = 'b' AND \"trigger\" <> 'command' ORDER BY created_at, id LIMIT 1":                             "runs_waiting",
		"SELECT * FROM runs WHERE state = 'queued' AND created_at <= 'x' LIMIT 9":                                                                                             "runs_waiting",
		"SELECT * FROM pairs WHERE (beat > 'x') IS NOT TRUE AND auto AND NOT dirty AND next_at <= 'x' ORDER BY next_at, id LIMIT 9":                                           "next_at<?",
		"SELECT * FROM pairs WHERE (beat > 'x') IS NOT TRUE AND dirty ORDER BY id LIMIT 9":                                                                                    "pairs_dirty",
		"SELECT * FROM pairs WHERE beat <= 'x' ORDER BY beat, id LIMIT 10":                                                                                                    "beat<?",
		"WITH made (i, r) AS (VALUES ('a', 'b'), ('c', 'd')) UPDATE claims SET record_id = made.r FROM made WHERE claims.intent_id = made.i AND claims.organization_id = 'o'": "intent_id=?",
	} {
		rows, err := s.SQL().Query("EXPLAIN QUERY PLAN " + query)
		if err != nil {
			t.Fatal(query, err)
		}
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, detail)
		}
		rows.Close()
		all := strings.Join(plan, "\n\t")
		scans := strings.Contains(scanless.Replace(all), "SCAN ")
		if !strings.Contains(all, want) || scans || strings.Contains(query, "ORDER BY created_at") && strings.Contains(all, "TEMP B-TREE") {
			t.Errorf("%s\n\t%s", query, all)
		}
	}
}
