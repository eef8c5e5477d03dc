use super::*;

#[test]
fn persian_lacks_no_key() {
    let persian = Words::new(Language::Persian);
    let missing: Vec<_> = persian.english.keys().filter(|key| !persian.own.contains_key(*key)).collect();
    let unknown: Vec<_> = persian.own.keys().filter(|key| !persian.english.contains_key(*key)).collect();
    assert!(missing.is_empty(), "fa.txt lacks, and shows in English: {missing:#?}");
    assert!(unknown.is_empty(), "fa.txt has keys that nothing uses: {unknown:#?}");
}

#[test]
fn a_translation_names_the_places_of_the_original() {
    let persian = Words::new(Language::Persian);
    for (key, english) in &persian.english {
        let places = |line: &str| {
            let mut names: Vec<_> = line
                .split('{')
                .skip(1)
                .filter_map(|rest| {
                    Some(rest.split_once('}')?.0.trim_start_matches(['#', '%', '@', '=', '+']))
                })
                .map(str::to_owned)
                .collect();
            names.sort();
            names
        };
        let own = persian.own.get(key).expect("the test before says what is missing");
        assert_eq!(places(english), places(own), "{key}");
    }
}

#[test]
fn a_finding_is_said_in_persian_with_its_addresses_as_they_are() {
    let said = Words::new(Language::Persian)
        .say("10.0.0.6 calls 10.0.0.5 port 8080 every 300.0 s ± 0.5 s, 60 times (and 4 more findings)");
    assert!(said.is_translated);
    assert!(said.phrase.contains(&Piece::data("10.0.0.5")) && said.phrase.contains(&Piece::data("8080")));
    assert!(said.phrase.contains(&Piece::words("۳۰۰٫۰")), "{:?}", said.phrase);
    assert!(plain(&said.phrase).ends_with("(و ۴ یافتهٔ دیگر)"), "{}", plain(&said.phrase));
}

#[test]
fn what_no_line_knows_stays_english_and_says_so() {
    let said = Words::new(Language::Persian).say("something new");
    assert_eq!((plain(&said.phrase).as_str(), said.is_translated), ("something new", false));
}

#[test]
fn an_english_sentence_comes_back_unchanged() {
    let words = Words::new(Language::English);
    for text in [
        "203.0.113.45 tried 254 hosts; 794 of 794 tries led to nothing",
        "10.0.0.21 guesses passwords of 10.0.0.5 (ssh port 22), 36 tries; then one login was accepted",
        "{odd} 100 % of it",
    ] {
        assert_eq!(plain(&words.say(text).phrase), text);
    }
}

#[test]
fn a_number_is_expected_where_one_must_stand() {
    let said = Words::new(Language::Persian).say(
        "+16.74 dns_tunnel: 10.0.0.2 sends data in names below a.example: 500 names and their answers carried 116592 bytes and 1 more of its \
         kind, each counted a quarter of the one before",
    );
    assert!(said.is_translated, "{}", plain(&said.phrase));
    assert!(plain(&said.phrase).starts_with("تونل DNS، وزن ۱۶٫۷۴: 10.0.0.2"), "{}", plain(&said.phrase));
}

#[test]
fn days_follow_the_calendar_of_the_language() {
    let words = Words::new(Language::Persian);
    let day = |secs| words.day(Time::from_secs(secs));
    // 2021-03-20 ends a leap year, 2025-03-21 begins a year, 1979-02-11 is 22 Bahman 1357.
    assert_eq!(day(1_616_198_400), "۱۳۹۹/۱۲/۳۰");
    assert_eq!(day(1_742_515_200), "۱۴۰۴/۰۱/۰۱");
    assert_eq!(day(287_539_200), "۱۳۵۷/۱۱/۲۲");
    assert_eq!(Words::new(Language::English).moment(Time::from_secs(1_742_515_200)), "2025-03-21 00:00:00");
}

#[test]
fn counts_choose_their_line() {
    let words = Words::new(Language::English);
    assert_eq!(plain(&words.fill_count("finding.count", 1, &[])), "One event");
    assert_eq!(plain(&words.fill_count("finding.count", 1200, &[])), "1,200 events");
}

#[test]
fn a_claim_in_parts_is_said_part_by_part() {
    let words = Words::new(Language::Persian);
    let said = words.say("10.0.0.23 is likely controlled from 203.0.113.9 (updates.example) since 2025-03-04 09:12 UTC; every 300 s ± 12 s; 2.1 MB left; 3 of 140 hosts talk to it");
    assert!(said.is_translated, "{}", plain(&said.phrase));
    let text = plain(&said.phrase);
    assert!(
        text.contains("۱۴۰۳/۱۲/۱۴ ۰۹:۱۲ UTC") && text.contains("۲٫۱ مگابایت") && text.contains("؛ "),
        "{text}"
    );
    let english = Words::new(Language::English);
    let claim = "203.0.113.45 tried 254 hosts on one port; 794 of 794 tries led to nothing, since 2025-03-04 08:20 UTC; this may be nothing";
    assert_eq!(plain(&english.say(claim).phrase), claim);
    assert!(words.say(claim).is_translated);
    assert_eq!(words.time("no time at all, really"), "no time at all, really");
}
