//! What people are called where, and what money they use.

use domain::Currency;

/// Given and family names that go together somewhere. None is meant to be anybody.
pub(super) struct Names {
    pub(super) given: &'static [&'static str],
    pub(super) family: &'static [&'static str],
    /// The family name stands first.
    pub(super) family_first: bool,
}

macro_rules! names {
    ($($name:ident: $given:literal / $family:literal $(, $first:ident)?;)*) => {
        $(static $name: std::sync::LazyLock<Names> = std::sync::LazyLock::new(|| Names {
            given: Vec::leak($given.split(' ').collect()), family: Vec::leak($family.split(' ').collect()), family_first: false $(|| stringify!($first) == "family_first")?,
        });)*
    };
}

names! {
    HISPANIC: "Lucía Mateo Carmen Diego Valentina Joaquín Elena Andrés Camila Nicolás Marta Iván Rocío Tomás Paula Emilio" / "García Rojas Fernández Morales Vega Castillo Navarro Ibáñez Herrera Salinas Molina Campos Reyes Ortiz";
    LUSO: "Ana João Beatriz Tiago Mariana Rafael Inês Caio Luana Pedro Helena Bruno Sofia Davi Lívia Miguel" / "Silva Almeida Costa Ribeiro Carvalho Moreira Teixeira Barbosa Nogueira Pinto Cardoso Fonseca Rocha Lima";
    ANGLO: "Grace Oliver Hannah Jack Amelia Noah Ruby Ethan Isla Samuel Chloe Lewis Freya Callum Maya Jordan" / "Walker Bennett Hughes Carter Murray Fraser Ellis Morgan Reed Cooper Hayes Sutton Brooks Lawson";
    FRENCH: "Camille Hugo Manon Louis Chloé Antoine Inès Théo Jeanne Bastien Élise Maxime Margaux Rémi Alice Julien" / "Laurent Moreau Lefèvre Girard Mercier Fontaine Chevalier Roussel Gautier Perrin Marchand Bonnet Renaud Colin";
    GERMAN: "Anna Lukas Lena Jonas Marie Felix Clara Moritz Johanna Paul Greta Emil Frieda Jakob Ida Theo" / "Becker Hoffmann Wagner Schäfer Krause Vogel Lorenz Brandt Keller Winter Sommer Huber Baumann Frei";
    ITALIAN: "Giulia Marco Chiara Luca Francesca Matteo Alessia Davide Elisa Pietro Sara Lorenzo Bianca Enrico Marta Nicolò" / "Rossi Ferrari Conti Greco Marino Gallo Rizzo Moretti Barbieri Fontana Caruso Leone Serra Villa";
    NORDIC: "Ingrid Erik Astrid Lars Freja Magnus Saga Oskar Elin Henrik Maja Anders Liv Mikkel Aino Eero" / "Lindqvist Berg Holm Dahl Nyström Sandberg Strand Lund Haugen Vik Korhonen Virtanen Friis Krogh";
    SLAVIC: "Olena Ivan Katarzyna Piotr Jana Marek Milena Nikola Zofia Tomasz Petra Andrej Daria Maksim Vera Luka" / "Kowalski Novák Horvat Petrov Kovač Bondar Marek Zelenko Dvořák Sokolov Wójcik Babić Popov Jurić";
    GREEK: "Eleni Nikos Maria Giorgos Katerina Dimitris Sofia Kostas Ioanna Stavros Despina Petros" / "Papadopoulos Nikolaidis Georgiou Makris Vlahos Karas Lykos Antoniou Markou Raptis";
    TURKISH: "Elif Mehmet Zeynep Emre Ayşe Can Defne Kerem Selin Burak Ece Ozan" / "Yılmaz Kaya Demir Şahin Çelik Aydın Arslan Doğan Koç Özkan";
    ARABIC: "Layla Omar Nour Karim Salma Youssef Amina Hassan Rania Tariq Yasmin Samir Hala Bilal" / "Haddad Mansour Khalil Nasser Saleh Farah Aziz Rahman Bishara Darwish Sabbagh Amrani Benali Zaki";
    INDIAN: "Ananya Arjun Priya Rohan Kavya Vikram Meera Aditya Sana Imran Nisha Rahul Fatima Dev" / "Sharma Patel Iyer Reddy Khan Banerjee Nair Mehta Chowdhury Gupta Hussain Fernando Rao Malik";
    CHINESE: "Wei Jing Ming Xiaoyu Hao Lin Yan Jun Mei Tao Fang Lei" / "Wang Li Zhang Chen Liu Zhao Wu Zhou Sun Lin", family_first;
    JAPANESE: "Yui Haruto Sakura Ren Aoi Sota Hina Kenji Mei Daiki Emi Takumi" / "Sato Suzuki Tanaka Watanabe Ito Yamamoto Nakamura Kobayashi Mori Hayashi";
    KOREAN: "Ji-woo Min-jun Seo-yeon Ha-eun Do-yun Su-bin Ye-jin Hyun-woo Ji-ho Eun-ji" / "Kim Lee Park Choi Jung Kang Cho Yoon Han Seo", family_first;
    SOUTH_EAST: "Putri Budi Siti Agus Linh Minh Mai Anh Nok Somchai Maria Jose Dewi Rizal" / "Santoso Wijaya Nguyen Tran Pham Santos Reyes Cruz Saetang Lim Hartono Aung Tan Bautista";
    WEST_AFRICAN: "Ama Kwame Chioma Emeka Fatou Mamadou Adaeze Tunde Aissatou Ibrahim Ngozi Kofi Mariam Sekou" / "Mensah Okafor Diallo Adeyemi Traoré Owusu Eze Ndiaye Bello Koné Boateng Touré Obi Sarr";
    EAST_AFRICAN: "Wanjiru Juma Achieng Kamau Tsegaye Hana Amani Baraka Neema Thabo Zanele Sipho Rutendo Farai" / "Mwangi Otieno Kimani Tesfaye Haile Mushi Nkosi Dlamini Moyo Banda Phiri Mutasa Njoroge Bekele";
    HEBREW_PERSIAN: "Shirin Darius Noa Amir Parisa Kian Tamar Eitan Leila Reza Yael Navid" / "Levi Cohen Tehrani Azizi Mizrahi Rostami Peretz Jafari Shapiro Karimi";
}

/// Names usual in a country (ISO 3166-1 alpha-2).
pub(super) fn names(country: &str) -> &'static Names {
    match country {
        "ES" | "MX" | "AR" | "CO" | "PE" | "CL" | "VE" | "EC" | "BO" | "PY" | "UY" | "CU" | "DO" | "GT" | "HN" | "SV" | "NI" | "CR" | "PA" | "PR" | "GQ" => {
            &HISPANIC
        }
        "PT" | "BR" | "AO" | "MZ" | "CV" | "GW" => &LUSO,
        "FR" | "BE" | "LU" | "MC" | "HT" | "RE" | "GP" | "MQ" => &FRENCH,
        "DE" | "AT" | "CH" | "LI" => &GERMAN,
        "IT" | "SM" | "MT" => &ITALIAN,
        "SE" | "NO" | "DK" | "FI" | "IS" | "EE" => &NORDIC,
        "GR" | "CY" => &GREEK,
        "TR" | "AZ" | "TM" => &TURKISH,
        "PL" | "CZ" | "SK" | "UA" | "RU" | "BY" | "RS" | "HR" | "SI" | "BA" | "BG" | "MK" | "ME" | "RO" | "MD" | "HU" | "LT" | "LV" | "KZ" | "KG" | "UZ"
        | "TJ" | "GE" | "AM" | "AL" | "XK" | "MN" => &SLAVIC,
        "EG" | "MA" | "DZ" | "TN" | "LY" | "SD" | "SA" | "AE" | "QA" | "KW" | "BH" | "OM" | "YE" | "IQ" | "SY" | "JO" | "LB" | "PS" | "MR" | "SO" | "DJ" => {
            &ARABIC
        }
        "IR" | "IL" | "AF" => &HEBREW_PERSIAN,
        "IN" | "PK" | "BD" | "LK" | "NP" | "MV" | "BT" => &INDIAN,
        "CN" | "TW" | "HK" | "MO" | "SG" => &CHINESE,
        "JP" => &JAPANESE,
        "KR" | "KP" => &KOREAN,
        "ID" | "MY" | "TH" | "VN" | "PH" | "MM" | "KH" | "LA" | "BN" | "TL" | "PG" => &SOUTH_EAST,
        "NG" | "GH" | "SN" | "CI" | "ML" | "BF" | "NE" | "TG" | "BJ" | "GN" | "SL" | "LR" | "GM" | "CM" | "TD" | "GA" | "CG" | "CD" | "CF" => &WEST_AFRICAN,
        "KE" | "TZ" | "UG" | "ET" | "RW" | "BI" | "ER" | "SS" | "ZA" | "ZW" | "ZM" | "MW" | "BW" | "NA" | "LS" | "SZ" | "MG" => &EAST_AFRICAN,
        _ => &ANGLO,
    }
}

/// The money of a country among those there are, how many of it a euro is worth (about), and what things cost there against Western Europe.
pub(super) fn money(country: &str) -> (Currency, f64, f64) {
    match country {
        "CH" | "LI" => (Currency::Chf, 0.95, 1.6),
        "GB" => (Currency::Gbp, 0.85, 1.15),
        "AR" => (Currency::Ars, 1_500.0, 0.5),
        "BR" => (Currency::Brl, 6.0, 0.5),
        "MX" => (Currency::Mxn, 20.0, 0.55),
        "DE" | "FR" | "ES" | "IT" | "NL" | "BE" | "AT" | "IE" | "FI" | "LU" => (Currency::Eur, 1.0, 1.0),
        "PT" | "GR" | "SK" | "SI" | "EE" | "LV" | "LT" | "HR" | "MT" | "CY" | "BG" => (Currency::Eur, 1.0, 0.75),
        "SE" | "DK" | "NO" | "IS" => (Currency::Eur, 1.0, 1.25),
        "PL" | "CZ" | "HU" | "RO" | "RS" | "BA" | "MK" | "AL" | "ME" => (Currency::Eur, 1.0, 0.6),
        "US" | "CA" | "AU" | "NZ" | "JP" | "SG" | "HK" | "IL" | "AE" | "QA" => (Currency::Usd, 1.1, 1.2),
        "CN" | "KR" | "TW" | "TR" | "CL" | "UY" | "CR" | "PA" | "SA" | "KW" | "MY" | "ZA" => (Currency::Usd, 1.1, 0.7),
        _ => (Currency::Usd, 1.1, 0.4),
    }
}
