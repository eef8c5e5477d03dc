//! Searches of the directory that tell who searches.

/// A search by its filter, or by what it wants back.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) name: &'static str,
    /// Parts of the filter, lower case; one of them is enough.
    filter: &'static [&'static str],
    /// Attributes that are asked for, lower case; one of them is enough.
    attributes: &'static [&'static str],
    pub(super) weight: f64,
    pub(super) technique: &'static str,
    pub(super) words: &'static str,
    pub(super) meaning: &'static str,
}

impl Question {
    /// Whether a search asks this.
    pub(super) fn is_asked<'a>(&self, filter: &str, mut attributes: impl Iterator<Item = &'a str>) -> bool {
        self.filter.iter().any(|part| filter.contains(part))
            || (!self.attributes.is_empty()
                && attributes
                    .any(|name| self.attributes.iter().any(|known| name.eq_ignore_ascii_case(known))))
    }
}

/// What is looked for.
pub(super) const QUESTIONS: [Question; 6] = [
    Question {
        name: "searches for all accounts with a service",
        filter: &["serviceprincipalname=*", "serviceprincipalname>="],
        attributes: &[],
        weight: 4.8,
        technique: "T1558.003",
        words: "accounts of services",
        meaning: "a program looks its own service up; all of them are wanted by who wants their tickets",
    },
    Question {
        name: "searches for accounts without pre-authentication",
        filter: &["1.2.840.113556.1.4.803:=4194304"],
        attributes: &[],
        weight: 5.0,
        technique: "T1558.004",
        words: "accounts without pre-authentication",
        meaning: "their answers can be cracked at home; auditors ask as well",
    },
    Question {
        name: "searches for administrators",
        filter: &["admincount=1", "admincount>=1", "cn=domain admins"],
        attributes: &[],
        weight: 3.0,
        technique: "T1069.002",
        words: "administrators",
        meaning: "who has been an administrator is marked so in the directory",
    },
    Question {
        name: "searches for all users or all computers",
        filter: &[
            "samaccounttype=805306368",
            "samaccounttype=805306369",
            "(objectcategory=person)(objectclass=user)",
        ],
        attributes: &[],
        weight: 1.5,
        technique: "T1087.002",
        words: "all users or computers",
        meaning: "address books and inventory do so, too",
    },
    Question {
        name: "searches that want security descriptors",
        filter: &[],
        attributes: &["ntsecuritydescriptor"],
        weight: 2.5,
        technique: "T1069.002",
        words: "who may change what",
        meaning: "collectors of attack paths want them of every object",
    },
    Question {
        name: "searches for trusted domains",
        filter: &["objectclass=trusteddomain"],
        attributes: &[],
        weight: 1.5,
        technique: "T1482",
        words: "trusted domains",
        meaning: "which domains lie behind this one",
    },
];
