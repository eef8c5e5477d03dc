use super::*;

#[test]
fn negotiation_and_data_are_told_apart() {
    assert_eq!(unit(b"\xff\xfd\x18login", false), Some(("ctl", 3)));
    assert_eq!(unit(b"login: \xff\xfb\x01", false), Some(("data", 7)));
    assert_eq!(unit(b"\xff\xfa\x18\x00vt\xff\xf0x", false), Some(("ctl", 8)));
    assert_eq!(unit(b"\xff\xfa\x18\x00vt", false), None);
    assert_eq!(unit(b"\xff\xffa", false), Some(("data", 2)));
    assert_eq!(unit(b"\xff", false), None);
    assert_eq!(unit(b"\xff", true), Some(("data", 1)));
}

mod session {
    use proptest::prelude::*;

    use super::super::*;
    use crate::testing::{CLIENT, Drive, SERVER};

    /// Negotiation, a wrong password, a right one typed key by key, a command.
    fn lines() -> Vec<(Direction, &'static [u8])> {
        vec![
            (SERVER, b"\xff\xfd\x18\xff\xfb\x01"),
            (CLIENT, b"\xff\xfb\x18\xff\xfa\x18\x00xterm\xff\xf0\xff\xfa\x27\x00\x00USER\x01-f root\xff\xf0"),
            (SERVER, b"\r\nhost login: "),
            (CLIENT, b"root\r\n"),
            (SERVER, b"Password: "),
            (CLIENT, b"toor\r\0"),
            (SERVER, b"\r\nLogin incorrect\r\nhost login: "),
            (CLIENT, b"b"),
            (SERVER, b"b"),
            (CLIENT, b"ox\x7fb\r"),
            (SERVER, b"obx\x08 \x08b\r\nPassword: "),
            (CLIENT, b"secret\r"),
            (SERVER, b"\r\nWelcome\r\n$ "),
            (CLIENT, b"uname -a\r\n"),
            (SERVER, b"Linux\r\n$ "),
            (CLIENT, b"exit\n"),
        ]
    }

    fn talk(lines: &[(Direction, &[u8])], chunk: usize) -> Drive<Telnet> {
        let mut drive = Drive::stream(Telnet::default());
        for (direction, bytes) in lines {
            drive.send(*direction, bytes, chunk);
        }
        drive
    }

    #[test]
    fn logins_and_commands_are_told_but_no_password() {
        let drive = talk(&lines(), 4096);
        expect_test::expect![[r#"
            [1, 1] [] {"telnet":{"kind":"negotiation","client_options":["will terminal_type"],"server_options":["do terminal_type","will echo"],"terminal":"xterm","environment":[{"name":"USER","value":"-f root"}]}}
            [1, 1] [] {"telnet":{"kind":"username","prompt":"host login: ","line":"root","response":"Password: "}}
            [1, 1] [] {"telnet":{"kind":"password","prompt":"Password: ","line":"***","user":"root","login":"failure","response":"\r\nLogin incorrect\r\nhost login: "}}
            [1, 1] [] {"telnet":{"kind":"username","prompt":"host login: ","line":"bob","response":"obx\b \bb\r\nPassword: "}}
            [1, 1] [] {"telnet":{"kind":"password","prompt":"Password: ","line":"***","user":"bob","login":"success","response":"\r\nWelcome\r\n$ "}}
            [1, 1] [] {"telnet":{"kind":"command","prompt":"$ ","line":"uname -a","user":"bob","response":"Linux\r\n$ "}}
            [1, 0] [] {"telnet":{"kind":"command","prompt":"$ ","line":"exit","user":"bob"}}"#]]
        .assert_eq(&drive.all(fields::write).join("\n"));
    }

    #[test]
    fn rechunking_changes_nothing() {
        let whole = talk(&lines(), 4096).all(fields::write);
        for chunk in [1, 2, 5] {
            assert_eq!(talk(&lines(), chunk).all(fields::write), whole);
        }
    }

    #[test]
    fn prompts_in_other_words_are_prompts_for_passwords_too() {
        for prompt in ["Passwort:", "Mot de passe : ", "[sudo] password for bob: ", "Enter PIN:", "Senha:"] {
            assert_eq!(typing::kind_of(prompt.as_bytes()), Kind::Password, "{prompt}");
        }
        for prompt in ["bob@host:~$ ", "> ", "Last login: Mon", ""] {
            assert_eq!(typing::kind_of(prompt.as_bytes()), Kind::Command, "{prompt}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(
            talk in proptest::collection::vec((any::<bool>(), proptest::collection::vec(
                prop_oneof![Just(0xffu8), Just(0xfa), Just(0xf0), Just(b'\r'), Just(b':'), any::<u8>()], 0..40)), 0..10)
        ) {
            let mut drive = Drive::stream(Telnet::default());
            for (server, bytes) in &talk {
                drive.send(if *server { SERVER } else { CLIENT }, bytes, 7);
            }
            drive.all(fields::write);
        }
    }
}
